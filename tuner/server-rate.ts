import { formatNumber } from '../engine/base/units.ts';
import type { EngineConfig } from '../engine/runtime/engine-config.ts';
import { findPeak, type Peak, type PeakProbe } from '../suites/scenarios/peak-search.ts';
import { leastQueries, type LatencyBound } from '../suites/scenarios/scenario.ts';
import { certifiesBound, type CompletedTrial, type TrialRecord } from '../suites/trial-record.ts';
import type { Constraint, MeasuredArm, ServerFigures } from './run-record.ts';

export interface Serving {
  readonly constraints: readonly Constraint[];
  /** `free`, or the samples that every request holds. */
  readonly batch: 'free' | number;
  /** Delays to try for the winner, ms; null: those that the bound leaves room for. */
  readonly delaysMs: readonly number[] | null;
  /** Whether throughput is sought: then the rates decide, else they are only told. */
  readonly ratesDecide: boolean;
  readonly seed: number;
  /** Tries a rate, in requests per second. A trial that was stored is not repeated. */
  readonly probe: (config: EngineConfig, at: ProbedRate) => Promise<TrialRecord>;
}

export interface ProbedRate extends Pick<PeakProbe, 'ratePerSecond' | 'seed'> {
  /** The strictest, by which the load is given up. */
  readonly bound: LatencyBound;
}

export interface RateLimits {
  /** Lower rates are not tried, requests per second; 0: any. */
  readonly atLeast: number;
  /** Trials at most, beside those that are repeated. */
  readonly maxProbes: number;
  /** Default: half of what the arm does without pause, at which most keep a bound. */
  readonly startRate?: number;
}

/** Rates closer than this are one: a better one must be beyond. */
export const RATE_RESOLUTION = 0.05;
/** Rates in a row of which no trial was valid: the machine is too busy to go on. */
const BUSY_PROBES = 3;
/** A rate at which one trial needs longer than this for its requests is not tried. */
const LONGEST_TRIAL_S = 60;

/**
 * The arm with its figures in `server`: the highest rate of single requests, from
 * `atLeast` on, that was confirmed to keep every bound on latency.
 */
export async function servedArm(
  arm: MeasuredArm,
  serving: Serving,
  limits: RateLimits,
): Promise<MeasuredArm> {
  const bounds = latencyBounds(serving.constraints);
  const bound = strictest(bounds);
  const samples = serving.batch === 'free' ? 1 : serving.batch;
  const closedRate = arm.metrics.qps.value / samples;
  const scenario = { name: 'server', ratePerSecond: closedRate, bound } as const;
  const trialS = leastQueries(scenario) / (closedRate / 2);
  if (trialS > LONGEST_TRIAL_S) return withServer(arm, tooSlow(bound, trialS));
  const found = await findPeak<RateTrial>({
    startRate: Math.max(limits.startRate ?? closedRate / 2, limits.atLeast),
    atLeast: limits.atLeast,
    maxProbes: limits.maxProbes,
    resolution: RATE_RESOLUTION,
    isHopeless: (probes) => isBusy(probes.slice(-BUSY_PROBES)),
    seed: serving.seed,
    probe: async (ratePerSecond, seed) => {
      const trial = await serving.probe(arm.config, { ratePerSecond, seed, bound });
      return { ratePerSecond, seed, trial, passes: bounds.every((b) => certifiesBound(trial, b)) };
    },
  });
  return withServer(arm, toFigures(found, { bound, samples, ...limits }));
}

function isBusy(last: readonly RateTrial[]): boolean {
  return last.length === BUSY_PROBES && last.every(({ trial }) => trial.state === 'invalid');
}

function withServer(arm: MeasuredArm, server: ServerFigures): MeasuredArm {
  return { ...arm, metrics: { ...arm.metrics, server } };
}

function tooSlow(bound: LatencyBound, trialS: number): ServerFigures {
  const reason = `too slow to prove a ${bound.percentile}: one trial would take ${formatNumber(trialS)} s or more`;
  return { state: 'none', bound, reason };
}

interface RateTrial extends PeakProbe {
  readonly trial: TrialRecord;
}

function toFigures(
  { best, failedAt, probes }: Peak<RateTrial>,
  of: { readonly bound: LatencyBound; readonly samples: number; readonly atLeast: number },
): ServerFigures {
  const { bound, samples, atLeast } = of;
  if (best === null) {
    const none = { state: 'none', bound, reason: whyNone(probes, atLeast) } as const;
    return isDisturbed(probes) ? { ...none, disturbed: true } : none;
  }
  // Only a completed trial passes.
  const { id, metrics } = best.trial as CompletedTrial;
  const { p50, p90, p95, p99, certified } = metrics.latencyMs;
  return {
    state: 'found',
    bound,
    ratePerSecond: best.ratePerSecond,
    qps: best.ratePerSecond * samples,
    failedAt,
    latencyMs: { p50, p90, p95, p99 },
    certifiedMs: certified[bound.percentile] ?? p99,
    memoryBytes: metrics.memoryBytes,
    trial: id,
  };
}

/** Whether nothing is known of the lowest rate that was tried, and so of those below. */
function isDisturbed(probes: readonly RateTrial[]): boolean {
  const lowest = Math.min(...probes.map(({ ratePerSecond }) => ratePerSecond));
  return probes
    .filter(({ ratePerSecond }) => ratePerSecond === lowest)
    .every(({ trial }) => trial.state === 'invalid');
}

function whyNone(probes: readonly RateTrial[], atLeast: number): string {
  const rates = probes.map(({ ratePerSecond }) => ratePerSecond);
  const range = `${formatNumber(Math.min(...rates))} to ${formatNumber(Math.max(...rates))}`;
  const invalid = probes.filter(({ trial }) => trial.state === 'invalid').length;
  const machine =
    invalid === 0
      ? ''
      : `; at ${invalid} of ${probes.length} rates no trial was valid: tune again on a calm machine`;
  return atLeast > 0
    ? `no rate from ${formatNumber(atLeast)} requests/s on was confirmed${machine}`
    : `no rate was confirmed, of ${range} requests/s${machine}`;
}

/** 0 where no rate was confirmed. */
export function rateOf({ metrics: { server } }: MeasuredArm): number {
  return server?.state === 'found' ? server.ratePerSecond : 0;
}

export function latencyBounds(constraints: readonly Constraint[]): LatencyBound[] {
  return constraints.flatMap((one) =>
    one.kind === 'latency' ? [{ percentile: one.percentile, limitMs: one.limitMs }] : [],
  );
}

/** The highest percentile, of equal ones the shortest: it needs the most requests to be proven. */
function strictest(bounds: readonly LatencyBound[]): LatencyBound {
  const [first, ...rest] = bounds;
  if (first === undefined) throw new Error('a rate is judged by a bound on latency');
  return rest.reduce((a, b) => {
    if (a.percentile === b.percentile) return b.limitMs < a.limitMs ? b : a;
    return b.percentile > a.percentile ? b : a;
  }, first);
}
