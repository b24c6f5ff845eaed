import type { EngineConfig } from '../../engine/runtime/engine-config.ts';
import type { EnvironmentChange } from '../../hosts/profile/environment-change.ts';
import type { HostEnvironment } from '../../hosts/profile/environment-record.ts';
import type { Known } from '../../hosts/profile/known.ts';
import type { LoadShape, Scenario } from '../scenarios/scenario.ts';
import type { InvalidReason, TrialWarning } from '../trial-findings.ts';
import type { TrialMetrics } from '../trial-record.ts';

/** Everything that a trial is judged by. */
export interface Evidence {
  readonly config: EngineConfig;
  readonly scenario: Scenario;
  readonly shape: LoadShape;
  readonly usableCores: number;
  readonly metrics: Pick<
    TrialMetrics,
    'latencyMs' | 'stability' | 'generatorLagMs' | 'cpuUtilisation' | 'runQueueWait' | 'unanswered'
  >;
  readonly queries: { readonly count: number; readonly wanted: number };
  readonly measured: { readonly ms: number; readonly wantedMs: number };
  /** The load was ended early because it could not meet its bound any more: that is its result. */
  readonly gaveUp: boolean;
  readonly change: EnvironmentChange;
  readonly after: HostEnvironment;
  /** Processes of replicas that were there when the engine opened, and are gone. */
  readonly lostProcesses: number;
  /** Of the same span: the wall clock may have been set meanwhile. */
  readonly clocks: { readonly wallMs: number; readonly monotonicMs: number };
}

/** Limits above which a trial does not count. Shares of the measured time. */
const MAX_STEAL = 0.01;
const MAX_PRESSURE = 0.01;
const MAX_CLOCK_DIFFERENCE = 0.01;
/** The wall clock is read in whole milliseconds, twice. */
const CLOCK_STEP_MS = 5;
const LEAST_LAG_LIMIT_MS = 1;
const LAG_SHARE = 0.05;

/** Why the trial's figures may not be used; empty when they may. */
export function invalidReasons(evidence: Evidence): InvalidReason[] {
  return [
    ...incomplete(evidence),
    ...machineReasons(evidence.change),
    ...changes(evidence.change),
    ...lag(evidence),
    ...clocks(evidence),
    ...lostReplicas(evidence),
  ];
}

function incomplete({ queries, measured, gaveUp }: Evidence): InvalidReason[] {
  if (gaveUp) return [];
  if (queries.count < queries.wanted) return [{ kind: 'few-queries', ...queries }];
  // A loop that sums its latencies ends a clock tick before the wall has reached the time.
  if (measured.ms < 0.99 * measured.wantedMs) return [{ kind: 'too-short', ...measured }];
  return [];
}

function machineReasons(change: EnvironmentChange): InvalidReason[] {
  const reasons: InvalidReason[] = [];
  const steal = valueOf(change.stealShare);
  const periods = valueOf(change.throttledPeriods);
  const events = valueOf(change.thermalThrottles);
  if (events > 0) reasons.push({ kind: 'thermal-throttle', events });
  if (steal > MAX_STEAL) reasons.push({ kind: 'steal', share: steal });
  if (periods > 0) reasons.push({ kind: 'quota-throttle', periods });
  for (const resource of ['memory', 'io'] as const) {
    const share = pressureOf(change, resource);
    if (share > MAX_PRESSURE) reasons.push({ kind: 'pressure', resource, share });
  }
  return reasons;
}

/** Of our own control group where it tells: a container also sees what its neighbours suffer. */
function pressureOf(change: EnvironmentChange, resource: 'memory' | 'io'): number {
  const own = change.groupPressure[resource];
  const share = own.state === 'known' ? own : change.pressure[resource];
  return share.state === 'known' ? share.value.some : 0;
}

function changes(change: EnvironmentChange): InvalidReason[] {
  const facts = [
    ['the frequency governor', change.governorChanged],
    ['boost', change.boostChanged],
    ['the CPU affinity', change.affinityChanged],
    ['the CPU quota', change.quotaChanged],
  ] as const;
  return facts
    .filter(([, changed]) => changed.state === 'known' && changed.value)
    .map(([what]) => ({ kind: 'environment-changed', what }));
}

/**
 * Two busy replicas on two cores delay the generator, which matters as far as it
 * changes the verdict: so its lag is held against the bound where there is one.
 */
function lag({ metrics, scenario }: Evidence): InvalidReason[] {
  if (metrics.generatorLagMs === null) return [];
  const bound = scenario.name === 'server' ? (scenario.bound?.limitMs ?? 0) : 0;
  const limitMs = Math.max(
    LEAST_LAG_LIMIT_MS,
    LAG_SHARE * metrics.latencyMs.p50,
    LAG_SHARE * bound,
  );
  const { p99 } = metrics.generatorLagMs;
  return p99 > limitMs ? [{ kind: 'generator-lag', p99Ms: p99, limitMs }] : [];
}

function clocks({ clocks: { wallMs, monotonicMs } }: Evidence): InvalidReason[] {
  const difference = Math.abs(wallMs - monotonicMs);
  const share = difference / monotonicMs;
  return difference > CLOCK_STEP_MS && share > MAX_CLOCK_DIFFERENCE
    ? [{ kind: 'clocks-differ', share }]
    : [];
}

function lostReplicas({ lostProcesses: processes }: Evidence): InvalidReason[] {
  return processes === 0 ? [] : [{ kind: 'replica-lost', processes }];
}

const MAX_DRIFT = 0.03;
const MAX_FREQUENCY_CV = 0.05;
/** Of the CPU that the configuration uses when it is alone, this much must have been there. */
const LEAST_CPU_SHARE = 0.85;
/** Waiting for a core, in cores: less is the scheduler's normal work. */
const LEAST_RUN_QUEUE_WAIT = 0.1;

/** What makes the figures less certain; those of the warm-up are added by the caller. */
export function suspicions(evidence: Evidence): TrialWarning[] {
  const { lagOne: _, halves, modes, frequencyCv } = evidence.metrics.stability;
  const warnings: TrialWarning[] = [...contention(evidence)];
  if (halves !== null && Math.abs(halves - 1) > MAX_DRIFT) {
    warnings.push({ kind: 'drift', ratio: halves });
  }
  if (modes !== null && modes > 1) warnings.push({ kind: 'several-modes', modes });
  if (frequencyCv !== null && frequencyCv > MAX_FREQUENCY_CV) {
    warnings.push({ kind: 'unstable-frequency', cv: frequencyCv });
  }
  const { governor } = evidence.after.cpu;
  if (governor.state === 'known' && governor.value !== 'performance') {
    warnings.push({ kind: 'governor', governor: governor.value });
  }
  const { unanswered } = evidence.metrics;
  if (unanswered > 0) warnings.push({ kind: 'overloaded', unanswered });
  return warnings;
}

/**
 * Only where it is known what an undisturbed engine would use: in a closed loop
 * each busy replica keeps its threads busy, sleeping ones aside.
 */
function contention({ config, shape, metrics, usableCores }: Evidence): TrialWarning[] {
  if (shape.clients === null) return [];
  const busy = Math.min(config.replicas, shape.clients * shape.requestsPerQuery);
  const threads = config.spinning || config.intraOpThreads === 1 ? config.intraOpThreads : 1;
  const expected = Math.min(usableCores, busy * threads);
  const { cpuUtilisation: cores, runQueueWait } = metrics;
  if (cores >= LEAST_CPU_SHARE * expected) return [];
  if (runQueueWait !== null && runQueueWait < LEAST_RUN_QUEUE_WAIT) return [];
  return [{ kind: 'contention', cores, expected }];
}

/** What is not known cannot be held against a trial. */
function valueOf(fact: Known<number>): number {
  return fact.state === 'known' ? fact.value : 0;
}

/** For a machine that did not become quiet before the trial. */
export function notQuiet(reason: string, waitedMs: number): TrialWarning {
  return { kind: 'not-quiet', detail: `${reason}, after ${(waitedMs / 1000).toFixed(1)} s` };
}
