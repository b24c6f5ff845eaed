import { fork, type ChildProcess } from 'node:child_process';
import { messageOf } from '../../engine/base/errors.ts';
import { parseAs } from '../../engine/base/json.ts';
import { siblingModule } from '../../engine/base/sibling-module.ts';
import type { SystemFiles } from '../../engine/devices/system-files.ts';
import { applyRuntimeEnvironment } from '../../engine/runtime/environment.ts';
import type { TrialMetrics, TrialWarning } from '../trial-record.ts';
import { trialReplySchema, type TrialReply, type TrialSpec } from './trial-spec.ts';

/** How a trial ended. Only `completed` has figures. */
export type TrialOutcome =
  | {
      readonly state: 'completed';
      readonly metrics: TrialMetrics;
      readonly warnings: readonly TrialWarning[];
      readonly latenciesMs: Float64Array;
    }
  | { readonly state: 'invalid'; readonly reasons: readonly string[] }
  | { readonly state: 'failed'; readonly message: string }
  | { readonly state: 'timeout'; readonly limitMs: number }
  | { readonly state: 'out-of-memory'; readonly message: string };

export interface RunTrialOptions {
  /** The process is killed after this. */
  readonly timeoutMs: number;
  /** Kills the process; the returned promise then rejects with the signal's reason. */
  readonly signal: AbortSignal;
  readonly files: SystemFiles;
  /** The program to run instead of a trial's own, for tests. */
  readonly program?: URL;
}

/**
 * Measures one config in a fresh process. A crash, a timeout and running out
 * of memory are outcomes; it rejects only when aborted or when a process cannot
 * be started at all. The process is gone when the promise settles.
 */
export async function runTrial(
  spec: Omit<TrialSpec, 'spawnedAtMs'>,
  options: RunTrialOptions,
): Promise<TrialOutcome> {
  options.signal.throwIfAborted();
  const killsBefore = outOfMemoryKills(options.files);
  const end = await runProcess(spec, options);
  options.signal.throwIfAborted();
  if (end.reply !== null) return fromReply(end.reply);
  if (end.timedOut) return { state: 'timeout', limitMs: options.timeoutMs };
  const message = describeEnd(end);
  const killed = end.signal === 'SIGKILL' && outOfMemoryKills(options.files) > killsBefore;
  return killed || isOutOfMemory(message)
    ? { state: 'out-of-memory', message }
    : { state: 'failed', message };
}

interface ProcessEnd {
  readonly reply: TrialReply | null;
  readonly timedOut: boolean;
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

const STDERR_KEPT = 4096;

function runProcess(
  spec: Omit<TrialSpec, 'spawnedAtMs'>,
  options: RunTrialOptions,
): Promise<ProcessEnd> {
  return new Promise((resolve, reject) => {
    const child = startProcess(
      options.program ?? siblingModule(import.meta.url, './trial-process'),
    );
    let reply: TrialReply | null = null;
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
    child.once('message', (message) => {
      reply = parseReply(message);
    });
    child.once('error', reject);
    child.once('close', (exitCode, signal) => {
      clearTimeout(timer);
      options.signal.removeEventListener('abort', kill);
      resolve({ reply, timedOut: timedOut && reply === null, exitCode, signal, stderr });
    });
    // A process that dies at once breaks the channel: its end tells why.
    child.send(
      { ...spec, spawnedAtMs: performance.timeOrigin + performance.now() },
      () => undefined,
    );
  });
}

function parseReply(message: unknown): TrialReply {
  try {
    return parseAs(message, trialReplySchema, "the trial's process gave a wrong reply");
  } catch (thrown) {
    return { kind: 'failed', message: messageOf(thrown) };
  }
}

function startProcess(program: URL): ChildProcess {
  const environment = { ...process.env };
  applyRuntimeEnvironment(environment);
  return fork(program, [], {
    env: environment,
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
}

function fromReply(reply: TrialReply): TrialOutcome {
  switch (reply.kind) {
    case 'completed': {
      const { metrics, warnings, latenciesMs } = reply;
      return { state: 'completed', metrics, warnings, latenciesMs };
    }
    case 'invalid':
      return { state: 'invalid', reasons: reply.reasons };
    case 'failed':
      return isOutOfMemory(reply.message)
        ? { state: 'out-of-memory', message: reply.message }
        : { state: 'failed', message: reply.message };
  }
}

function describeEnd(end: ProcessEnd): string {
  const how = end.signal === null ? `exit code ${String(end.exitCode)}` : `signal ${end.signal}`;
  const said = end.stderr.trim();
  return `the trial's process ended with ${how}${said === '' ? '' : `: ${said}`}`;
}

/** The C++ library, V8 and the kernel each say it in their own words. */
function isOutOfMemory(message: string): boolean {
  return /bad_alloc|out of memory|failed to allocate memory|cannot allocate memory/i.test(message);
}

/** Processes that the kernel has killed for memory since it started; 0 where it does not tell. */
function outOfMemoryKills(files: SystemFiles): number {
  return Number(/^oom_kill (\d+)$/m.exec(files.read('/proc/vmstat') ?? '')?.[1] ?? 0);
}
