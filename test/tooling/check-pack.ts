/**
 * `npm run check:pack`: packs the package, installs the tarball in an empty
 * folder as a user would, and runs it there. Needs the npm registry.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { z } from 'zod';

const REPOSITORY = join(import.meta.dirname, '..', '..');

/** What a user may find in the package; anything else was packed by mistake. */
const PACKED = [
  /^package\.json$/,
  /^(README|CHANGELOG)\.md$/,
  /^LICENSE$/,
  /^bin\/(claw\.js|run-cli\.js|package\.json)$/,
  /^dist\/(cli|engine|hosts|reports|suites|tuner)\/.+\.(js|d\.ts)$/,
];
const REQUIRED = ['package.json', 'README.md', 'CHANGELOG.md', 'LICENSE', 'bin/claw.js'];

interface Step {
  readonly command: readonly [string, ...string[]];
  /** Throws when what was printed, or left in the folder, is not as it must be. */
  readonly verify: (stdout: string, folder: string) => void;
}

/** What the installed package must be able to do, in order, in one folder. */
const STEPS: readonly Step[] = [
  {
    command: ['npx', 'claw', '--version'],
    verify: (stdout) => {
      const version = packageVersion();
      if (stdout.trim() !== version) throw new Error(`expected ${version}, got '${stdout}'`);
    },
  },
  {
    // The main job in short: the suite is built, threads and processes are found
    // in dist/, a report and a tuned.json come out.
    command: ['npx', 'claw', 'tune', '--budget', '20s', '--duration', '100ms', '--json'],
    verify: (stdout, folder) => {
      const { report, tuned } = z
        .object({ report: z.string(), tuned: z.string() })
        .parse(JSON.parse(stdout));
      for (const path of [report, tuned]) readFileSync(join(folder, path));
    },
  },
];

const scratch = mkdtempSync(join(tmpdir(), 'claw-pack-'));
try {
  const tarball = pack(scratch);
  checkContent(tarball);
  const folder = install(tarball);
  for (const { command, verify } of STEPS) verify(run(command, folder), folder);
  process.stdout.write('the packed package installs and runs\n');
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

function packageVersion(): string {
  const text = readFileSync(join(REPOSITORY, 'package.json'), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}

function pack(destination: string): string {
  run(['npm', 'pack', '--pack-destination', destination], REPOSITORY);
  const name = readdirSync(destination).find((entry) => entry.endsWith('.tgz'));
  if (name === undefined) throw new Error('npm pack left no tarball');
  return join(destination, name);
}

function checkContent(tarball: string): void {
  const paths = execFileSync('tar', ['--list', '--gzip', '--file', tarball], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((path) => path.replace(/^package\//, ''));
  const unexpected = paths.filter((path) => !PACKED.some((pattern) => pattern.test(path)));
  const missing = REQUIRED.filter((path) => !paths.includes(path));
  if (unexpected.length > 0) throw new Error(`packed by mistake: ${unexpected.join(', ')}`);
  if (missing.length > 0) throw new Error(`missing from the package: ${missing.join(', ')}`);
}

function install(tarball: string): string {
  const folder = join(scratch, 'user');
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  run(['npm', 'install', '--no-audit', '--no-fund', tarball], folder);
  return folder;
}

/** Runs a command as a user with Node 24 first would, shows its output, and returns its stdout. */
function run([file, ...args]: readonly [string, ...string[]], cwd: string): string {
  process.stdout.write(`$ ${[file, ...args].join(' ')}\n`);
  const result = spawnSync(file, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...userEnvironment(),
      PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
      ONNXRUNTIME_NODE_INSTALL: 'skip',
    },
  });
  process.stdout.write(result.stdout);
  if (result.error !== undefined) throw result.error;
  if (result.status !== 0) throw new Error(`${file} ${args[0]} ended with ${result.status}`);
  return result.stdout;
}

/** Without what `npm run` adds: its settings are this repository's, not a user's. */
function userEnvironment(): NodeJS.ProcessEnv {
  const isOfNpm = (name: string): boolean => /^npm_/i.test(name) || name === 'INIT_CWD';
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !isOfNpm(name)));
}
