import { messageOf } from '../../engine/base/errors.ts';
import { parseAs } from '../../engine/base/json.ts';
import { siblingModule } from '../../engine/base/sibling-module.ts';
import type { SystemFiles } from '../../engine/devices/system-files.ts';
import {
  describeChildEnd,
  runChildTask,
  type ChildTaskOptions,
} from '../../engine/runtime/child-task.ts';
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

export interface RunTrialOptions extends ChildTaskOptions {
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
  const killsBefore = outOfMemoryKills(options.files);
  const end = await runChildTask(
    options.program ?? siblingModule(import.meta.url, './trial-process'),
    { ...spec, spawnedAtMs: performance.timeOrigin + performance.now() },
    options,
  );
  if (end.reply !== null) return fromReply(parseReply(end.reply));
  if (end.timedOut) return { state: 'timeout', limitMs: options.timeoutMs };
  const message = describeChildEnd("the trial's process", end);
  const killed = end.signal === 'SIGKILL' && outOfMemoryKills(options.files) > killsBefore;
  return killed || isOutOfMemory(message)
    ? { state: 'out-of-memory', message }
    : { state: 'failed', message };
}

function parseReply(message: unknown): TrialReply {
  try {
    return parseAs(message, trialReplySchema, "the trial's process gave a wrong reply");
  } catch (thrown) {
    return { kind: 'failed', message: messageOf(thrown) };
  }
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

/** The C++ library, V8 and the kernel each say it in their own words. */
function isOutOfMemory(message: string): boolean {
  return /bad_alloc|out of memory|failed to allocate memory|cannot allocate memory/i.test(message);
}

/** Processes that the kernel has killed for memory since it started; 0 where it does not tell. */
function outOfMemoryKills(files: SystemFiles): number {
  return Number(/^oom_kill (\d+)$/m.exec(files.read('/proc/vmstat') ?? '')?.[1] ?? 0);
}
