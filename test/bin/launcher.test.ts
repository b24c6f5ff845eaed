import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { spawn as spawnInTerminal } from 'node-pty';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import {
  ECHO_CLI,
  findOldNode,
  installNode,
  packageWith,
  SIGNAL_CLI,
  WAITING_CLI,
} from './launcher-fixture.ts';

const echoSchema = z.object({
  argv: z.array(z.string()),
  version: z.string(),
  env: z.record(z.string(), z.string()),
});

const roots: string[] = [];
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const root of roots.splice(0)) rmSync(root, { recursive: true });
});

function prepare(files: Readonly<Record<string, string>>): string {
  const root = packageWith(files);
  roots.push(root);
  return root;
}

function run(
  node: string,
  root: string,
  argv: readonly string[] = [],
): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(node, [join(root, 'bin', 'claw.js'), ...argv], {
    encoding: 'utf8',
    env: { ...process.env, ORT_LOAD_CONFIG_FROM_MODEL: '1', ORT_INTRA_OP_NUM_THREADS: '3' },
  });
}

/** The package installed as a dependency in `root`, where a Node of its own lies beside it. */
function prepareInside(root: string, folder: string): string {
  const own = join(root, folder);
  cpSync(prepare({ 'dist/cli/main.js': stripTypeScriptTypes(ECHO_CLI) }), own, { recursive: true });
  return own;
}

/** Starts the launcher and waits for the CLI's `ready PID`. */
async function start(
  node: string,
  root: string,
): Promise<{ child: ChildProcess; cliPid: number; output: () => string }> {
  const child = spawn(node, [join(root, 'bin', 'claw.js')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ready = /ready (\d+)/;
  await vi.waitFor(() => expect(output).toMatch(ready), { timeout: 10_000 });
  return { child, cliPid: Number(ready.exec(output)?.[1]), output: () => output };
}

function exitCodeOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('exit', resolve));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (_gone) {
    return false;
  }
}

describe('on a Node that is new enough', () => {
  test('the sources of a checkout run in the same process, with the arguments as given', () => {
    const root = prepare({ 'cli/main.ts': ECHO_CLI, 'dist/cli/main.js': 'never loaded (' });
    const result = run(process.execPath, root, ['tune', '--a b', '*']);
    expect(result).toMatchObject({ status: 0, stderr: '' });
    expect(echoSchema.parse(JSON.parse(result.stdout)).argv).toEqual(['tune', '--a b', '*']);
  });

  test('without sources, dist runs', () => {
    const root = prepare({ 'dist/cli/main.js': 'export const main = async () => 4;' });
    expect(run(process.execPath, root)).toMatchObject({ status: 4, stdout: '', stderr: '' });
  });

  test("the runtime's telemetry is off and nothing in the environment overrides a session", () => {
    const root = prepare({ 'cli/main.ts': ECHO_CLI });
    const { env } = echoSchema.parse(JSON.parse(run(process.execPath, root).stdout));
    expect(env['ORT_DISABLE_TELEMETRY']).toBe('1');
    expect(env).not.toHaveProperty('ORT_LOAD_CONFIG_FROM_MODEL');
    expect(env).not.toHaveProperty('ORT_INTRA_OP_NUM_THREADS');
    expect(env).not.toHaveProperty('CLAW_LAUNCHED');
  });

  test('the exit code is what main returns', () => {
    const root = prepare({ 'cli/main.ts': ECHO_CLI });
    expect(run(process.execPath, root, ['--exit', '2']).status).toBe(2);
  });

  test('a package without a CLI says so', () => {
    const { status, stderr } = run(process.execPath, prepare({}));
    expect(status).toBe(1);
    expect(stderr).toMatch(/^claw: cannot start: .* has neither cli\/main\.ts nor dist[^\n]+\n$/);
  });

  test('a missing dependency is one line that names it', () => {
    const root = prepare({ 'cli/main.ts': `import 'no-such-package';` });
    const { status, stderr } = run(process.execPath, root);
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^claw: cannot start: Cannot find package 'no-such-package'.*npm ci.*\n$/,
    );
  });

  test('a module that fails to load is named with its line', () => {
    const root = prepare({ 'cli/main.ts': `\nthrow new Error('spoilt');` });
    const { status, stderr } = run(process.execPath, root);
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^claw: cannot start: .*main\.ts does not load: Error: spoilt\n.*main\.ts:2/,
    );
  });
});

const oldNode = findOldNode();

describe.skipIf(oldNode === undefined)('on a Node that is too old (needs one on the PATH)', () => {
  const old = oldNode ?? '';

  test('without a local Node 24: one line with what was found and the remedy, exit 2', () => {
    const { status, stdout, stderr } = run(old, prepare({ 'cli/main.ts': ECHO_CLI }));
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(
      /^claw: Node >= 24 is needed, found \d+\.\d+\.\d+ \(.*; get it with [^\n]+\n$/,
    );
  });

  test('a local Node that is too old as well is named, not used', () => {
    const root = prepare({ 'cli/main.ts': ECHO_CLI });
    installNode(root, '18.1.0');
    const { status, stderr } = run(old, root);
    expect(status).toBe(2);
    expect(stderr).toContain(`and 18.1.0 (${join(root, 'node_modules/node/bin/node')});`);
  });

  test.each(['', 'node_modules/openclaw-harness'])(
    'a local Node 24 takes over (from "%s")',
    (folder) => {
      const root = prepare(folder === '' ? { 'cli/main.ts': ECHO_CLI } : {});
      installNode(root);
      const own = folder === '' ? root : prepareInside(root, folder);
      const result = run(old, own, ['bench', '--exit', '3']);
      expect(result).toMatchObject({ status: 3, stderr: '' });
      const echo = echoSchema.parse(JSON.parse(result.stdout));
      expect(echo).toMatchObject({ argv: ['bench', '--exit', '3'], version: process.version });
      expect(echo.env['ORT_DISABLE_TELEMETRY']).toBe('1');
      expect(echo.env).not.toHaveProperty('ORT_INTRA_OP_NUM_THREADS');
      expect(echo.env).not.toHaveProperty('CLAW_LAUNCHED');
    },
  );

  test.each(['SIGINT', 'SIGTERM'] as const)(
    '%s reaches the CLI once, whose exit code counts',
    async (name) => {
      const root = prepare({ 'cli/main.ts': SIGNAL_CLI });
      installNode(root);
      const { child, cliPid, output } = await start(old, root);
      expect(cliPid).not.toBe(child.pid);
      child.kill(name);
      expect(await exitCodeOf(child)).toBe(7);
      expect(output().trim().split('\n').slice(1)).toEqual([name]);
    },
  );

  test('Ctrl-C on a terminal reaches the CLI once', async () => {
    const root = prepare({ 'cli/main.ts': SIGNAL_CLI });
    installNode(root);
    const terminal = spawnInTerminal(old, [join(root, 'bin', 'claw.js')], {});
    let output = '';
    terminal.onData((text) => {
      output += text;
    });
    const ended = new Promise((resolve) => terminal.onExit(resolve));
    await vi.waitFor(() => expect(output).toContain('ready'), { timeout: 10_000 });
    terminal.write('\u0003');
    expect(await ended).toMatchObject({ exitCode: 7 });
    expect(output.match(/SIGINT/g)).toHaveLength(1);
  });

  test('a CLI that dies of a signal gives 128 + its number', async () => {
    const root = prepare({ 'cli/main.ts': WAITING_CLI });
    installNode(root);
    const { child } = await start(old, root);
    child.kill('SIGTERM');
    expect(await exitCodeOf(child)).toBe(143);
  });

  test('the CLI does not outlive a launcher that was killed', async () => {
    const root = prepare({ 'cli/main.ts': WAITING_CLI });
    installNode(root);
    const { child, cliPid } = await start(old, root);
    child.kill('SIGKILL');
    await vi.waitFor(() => expect(isAlive(cliPid)).toBe(false), { timeout: 10_000 });
  });
});
