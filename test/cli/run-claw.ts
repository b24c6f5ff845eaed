import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { spawn as spawnTerminal } from 'node-pty';

const ROOT = join(import.meta.dirname, '..', '..');
const LAUNCHER = join(ROOT, 'bin', 'claw.js');

/**
 * Commands and their trials share what Node compiled: most of the time of a short one is
 * spent loading TypeScript. Entries go by content, so that none is ever out of date.
 */
const ENVIRONMENT = {
  ...process.env,
  NODE_COMPILE_CACHE: join(ROOT, 'node_modules', '.cache', 'claw-compiled'),
};

export interface ClawResult {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command in a folder, without a terminal. */
export async function claw(folder: string, ...args: readonly string[]): Promise<ClawResult> {
  return startClaw(folder, ...args).ended;
}

export interface RunningClaw {
  readonly process: ChildProcess;
  readonly ended: Promise<ClawResult>;
  /** Resolves when stderr has this text. */
  says(text: string): Promise<void>;
}

export function startClaw(folder: string, ...args: readonly string[]): RunningClaw {
  const child = spawn(process.execPath, [LAUNCHER, ...args], {
    cwd: folder,
    env: ENVIRONMENT,
  });
  let stdout = '';
  let stderr = '';
  const waiting: { readonly text: string; readonly resolve: () => void }[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    for (const one of waiting) if (stderr.includes(one.text)) one.resolve();
  });
  return {
    process: child,
    ended: new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (exitCode, signal) => resolve({ exitCode, signal, stdout, stderr }));
    }),
    says: (text) =>
      new Promise((resolve) => {
        if (stderr.includes(text)) resolve();
        else waiting.push({ text, resolve });
      }),
  };
}

export interface TerminalResult {
  readonly exitCode: number;
  /** Everything that the terminal showed, control sequences included. */
  readonly screen: string;
}

/**
 * Runs the command in a pseudo-terminal. A shell stays until its sentinel was
 * read: a terminal that closes with its program loses the last output.
 */
export function clawInTerminal(
  folder: string,
  args: readonly string[],
  options: { readonly onData?: (screen: string, type: (keys: string) => void) => void } = {},
): Promise<TerminalResult> {
  return new Promise((resolve) => {
    const command = [process.execPath, LAUNCHER, ...args].map((arg) => `'${arg}'`).join(' ');
    // The shell survives Ctrl-C, so that it can tell how the command ended.
    const script = `trap : INT; ${command}; printf 'END''OF''COMMAND %s.' $?; read -r _`;
    const terminal = spawnTerminal('/bin/sh', ['-c', script], {
      cwd: folder,
      env: ENVIRONMENT,
      cols: 100,
      rows: 30,
    });
    let screen = '';
    terminal.onData((data) => {
      screen += data;
      options.onData?.(screen, (keys) => terminal.write(keys));
      const end = /ENDOFCOMMAND (\d+)\./.exec(screen);
      if (end === null) return;
      terminal.kill();
      resolve({ exitCode: Number(end[1]), screen: screen.slice(0, end.index) });
    });
  });
}
