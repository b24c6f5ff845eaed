import { systemClock, type Clock } from '../../engine/base/clock.ts';
import { messageOf } from '../../engine/base/errors.ts';
import { parseAs } from '../../engine/base/json.ts';
import { siblingModule } from '../../engine/base/sibling-module.ts';
import type { SystemFiles } from '../../engine/devices/system-files.ts';
import {
  describeChildEnd,
  runChildTask,
  type ChildEnd,
  type ChildTaskOptions,
} from '../../engine/runtime/child-task.ts';
import type { HostEnvironment } from '../../hosts/profile/environment-record.ts';
import { waitUntilQuiet } from '../../hosts/profile/quiet.ts';
import type { InvalidReason, TrialWarning } from '../trial-findings.ts';
import type { TrialMetrics } from '../trial-record.ts';
import { monotonicMs } from '../scenarios/monotonic.ts';
import { recordPower } from '../../hosts/power/record-power.ts';
import type { PowerSensor } from '../../hosts/power/power-sensor.ts';
import type { PowerTrace } from '../../hosts/power/power-trace.ts';
import { trialEnergy } from './trial-energy.ts';
import { trialReplySchema, type Span, type TrialReply, type TrialSpec } from './trial-spec.ts';
import { notQuiet } from './validity.ts';

/** What a load left behind. */
export interface LoadEvidence {
  readonly metrics: TrialMetrics;
  readonly environment: HostEnvironment;
  /** Of each query, in the order of completion. */
  readonly latenciesMs: Float64Array;
}

/** How a trial ended. Its figures count only when it is `completed`. */
export type TrialOutcome =
  | ({ readonly state: 'completed'; readonly warnings: readonly TrialWarning[] } & LoadEvidence)
  | {
      readonly state: 'invalid';
      readonly reasons: readonly InvalidReason[];
      readonly warnings: readonly TrialWarning[];
      /** To look at; null when the trial was stopped before its load. */
      readonly evidence: LoadEvidence | null;
    }
  | { readonly state: 'failed'; readonly message: string }
  | { readonly state: 'timeout'; readonly limitMs: number }
  | { readonly state: 'out-of-memory'; readonly message: string };

export interface RunTrialOptions extends ChildTaskOptions {
  readonly files: SystemFiles;
  readonly clock?: Clock;
  /** How long to wait for a quiet machine; default 0: not at all. */
  readonly quietWaitMs?: number;
  /**
   * Share of all cores that may be busy on a quiet machine; default any: a core
   * that nobody waits for harms only a trial that wants them all.
   */
  readonly maxBusyShare?: number;
  /** How warm the hottest sensor was when the work began: a trial waits until it is so again. */
  readonly referenceCelsius?: number;
  /** Read while the trial runs; default none. */
  readonly sensors?: readonly PowerSensor[];
  /** The program to run instead of a trial's own, for tests. */
  readonly program?: URL;
}

/**
 * Measures one config in a fresh process, once the machine is quiet. A crash, a
 * timeout and running out of memory are outcomes; it rejects only when aborted
 * or when a process cannot be started at all. The process is gone when the
 * promise settles.
 */
export async function runTrial(
  spec: Omit<TrialSpec, 'spawnedAtMs'>,
  options: RunTrialOptions,
): Promise<TrialOutcome> {
  const unrest = await preflight(options);
  const outcome = await spawnTrial(spec, options);
  if (outcome.state !== 'completed' && outcome.state !== 'invalid') return outcome;
  return { ...outcome, warnings: [...unrest, ...outcome.warnings] };
}

async function preflight(options: RunTrialOptions): Promise<TrialWarning[]> {
  const { files, signal, clock = systemClock, quietWaitMs = 0 } = options;
  if (quietWaitMs === 0) return [];
  const { maxBusyShare, referenceCelsius } = options;
  const found = await waitUntilQuiet({
    files,
    clock,
    signal,
    maxWaitMs: quietWaitMs,
    ...(maxBusyShare === undefined ? {} : { maxBusyShare }),
    ...(referenceCelsius === undefined ? {} : { referenceCelsius }),
  });
  return found.state === 'busy' ? [notQuiet(found.reason, found.waitedMs)] : [];
}

async function spawnTrial(
  spec: Omit<TrialSpec, 'spawnedAtMs'>,
  options: RunTrialOptions,
): Promise<TrialOutcome> {
  const { clock = systemClock, sensors = [] } = options;
  const killsBefore = outOfMemoryKills(options.files);
  const { end, trace } = await besideSensors(sensors, { clock, signal: options.signal }, () =>
    runChildTask(
      options.program ?? siblingModule(import.meta.url, './trial-process'),
      {
        ...spec,
        idleMs: sensors.length === 0 ? 0 : spec.idleMs,
        spawnedAtMs: clock.date().getTime(),
      },
      options,
    ),
  );
  const starved = (): boolean => outOfMemoryKills(options.files) > killsBefore;
  if (end.reply !== null) {
    const reply = parseReply(end.reply);
    return lostReplica(reply) && starved()
      ? { state: 'out-of-memory', message: 'the kernel killed the process of a replica' }
      : fromReply(withEnergy(reply, trace, sharedOffsetMs(clock)));
  }
  if (end.timedOut) return { state: 'timeout', limitMs: options.timeoutMs };
  const message = describeChildEnd("the trial's process", end);
  const killed = end.signal === 'SIGKILL' && starved();
  return killed || isOutOfMemory(message)
    ? { state: 'out-of-memory', message }
    : { state: 'failed', message };
}

/** Whether processes of its engine ended, though its own did not. */
function lostReplica(reply: TrialReply): boolean {
  if (reply.kind === 'failed') return /\bSIGKILL\b/.test(reply.message);
  return reply.reasons.some(({ kind }) => kind === 'replica-lost');
}

/** Sensors are read no longer than the process runs, however it ends. */
async function besideSensors(
  sensors: readonly PowerSensor[],
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
  run: () => Promise<ChildEnd>,
): Promise<{ readonly end: ChildEnd; readonly trace: PowerTrace }> {
  const power = recordPower(sensors, clock, { signal });
  try {
    return { end: await run(), trace: await power.stop() };
  } finally {
    await power.stop();
  }
}

/** What turns the clock that all processes share into this one's. */
function sharedOffsetMs(clock: Clock): number {
  return clock.nowMs() - monotonicMs()();
}

function withEnergy(reply: TrialReply, trace: PowerTrace, offsetMs: number): TrialReply {
  if (reply.kind !== 'measured' || trace.sensors.length === 0) return reply;
  const shifted = ({ fromMs, toMs }: Span): Span => ({
    fromMs: fromMs + offsetMs,
    toMs: toMs + offsetMs,
  });
  const spans = { load: shifted(reply.load), idle: reply.idle && shifted(reply.idle) };
  const energyJPerInference = trialEnergy(trace, spans, reply.metrics.samples);
  return { ...reply, metrics: { ...reply.metrics, energyJPerInference } };
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
    case 'measured': {
      const { metrics, environment, latenciesMs, reasons, warnings } = reply;
      const evidence = { metrics, environment, latenciesMs };
      return reasons.length === 0
        ? { state: 'completed', ...evidence, warnings }
        : { state: 'invalid', reasons, warnings, evidence };
    }
    case 'invalid':
      return { state: 'invalid', reasons: reply.reasons, warnings: [], evidence: null };
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
