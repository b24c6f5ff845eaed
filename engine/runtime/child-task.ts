import { fork } from 'node:child_process';
import { messageOf, UserError } from '../base/errors.ts';
import { applyRuntimeEnvironment } from './environment.ts';

/**
 * Work in a process of its own, because a run of the runtime can be stopped
 * only by killing its process, and because a hostile model may bring it down.
 */
export interface ChildTaskOptions {
  /** The process is killed after this. */
  readonly timeoutMs: number;
  /** Kills the process; `runChildTask` then rejects with the signal's reason. */
  readonly signal: AbortSignal;
  /** Called for each message before the reply that has a `progress` text. */
  readonly onProgress?: (message: string) => void;
}

export interface ChildEnd {
  /** What the program answered, not yet checked; null when it ended without. */
  readonly reply: unknown;
  readonly timedOut: boolean;
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last of what it wrote. */
  readonly stderr: string;
}

const STDERR_KEPT = 4096;

/**
 * Starts a program that calls `serveChildTask`, sends it one message and waits
 * for its end. How it ended is a value; rejects only when aborted, or when no
 * process can be started. The process is gone when the promise settles.
 */
export async function runChildTask(
  program: URL,
  message: object,
  options: ChildTaskOptions,
): Promise<ChildEnd> {
  options.signal.throwIfAborted();
  const end = await startAndWait(program, message, options);
  options.signal.throwIfAborted();
  return end;
}

function startAndWait(program: URL, message: object, options: ChildTaskOptions): Promise<ChildEnd> {
  return new Promise((resolve, reject) => {
    const child = startProgram(program);
    let reply: unknown = null;
    let stderr = '';
    let timedOut = false;
    const kill = (): void => void child.kill('SIGKILL');
    const timer = setTimeout(() => {
      timedOut = true;
      kill();
    }, options.timeoutMs);
    options.signal.addEventListener('abort', kill, { once: true });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-STDERR_KEPT);
    });
    child.on('message', (received) => {
      if (isProgress(received)) options.onProgress?.(received.progress);
      else reply = received;
    });
    child.once('error', reject);
    child.once('close', (exitCode, signal) => {
      clearTimeout(timer);
      options.signal.removeEventListener('abort', kill);
      resolve({ reply, timedOut: timedOut && reply === null, exitCode, signal, stderr });
    });
    // A process that dies at once breaks the channel: its end tells why.
    child.send(message, () => undefined);
  });
}

function startProgram(program: URL): ReturnType<typeof fork> {
  const environment = { ...process.env };
  applyRuntimeEnvironment(environment);
  return fork(program, [], {
    env: environment,
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
}

function isProgress(message: unknown): message is { readonly progress: string } {
  return typeof message === 'object' && message !== null && 'progress' in message;
}

/** How a process ended that gave no answer, for people. */
export function describeChildEnd(what: string, end: ChildEnd): string {
  const how = end.signal === null ? `exit code ${String(end.exitCode)}` : `signal ${end.signal}`;
  const said = end.stderr.trim();
  return `${what} ended with ${how}${said === '' ? '' : `: ${said}`}`;
}

/**
 * The program's side: answers the first message, then lets the process end.
 * `handle` gives the reply; what it throws becomes `{kind: 'failed', message}`.
 */
export function serveChildTask(
  handle: (message: unknown, onProgress: (text: string) => void) => Promise<object>,
): void {
  // A terminal's Ctrl-C reaches the whole group; the parent decides what to do.
  process.on('SIGINT', () => undefined);
  // Without a parent there is nobody to work for. A plain exit would abort the
  // process while a worker infers.
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.once('message', (message) => {
    const onProgress = (progress: string): void => void process.send?.({ progress });
    void handle(message, onProgress)
      .catch(toFailure)
      .then((answer) => {
        process.send?.(answer, () => {
          process.removeAllListeners('disconnect');
          process.disconnect();
        });
      });
  });
}

function toFailure(thrown: unknown): { readonly kind: 'failed'; readonly message: string } {
  const remedy = thrown instanceof UserError ? thrown.remedy : undefined;
  const message = remedy === undefined ? messageOf(thrown) : `${messageOf(thrown)}; ${remedy}`;
  return { kind: 'failed', message };
}
