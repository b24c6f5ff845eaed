import { mean, median } from '../../engine/base/statistics.ts';
import type { ScenarioName } from '../../suites/scenarios/scenario.ts';
import type { CompletedTrial } from '../../suites/trial-record.ts';
import { constrainedFigures, measureArm, type FindSamples } from '../arm-metrics.ts';
import { toArm } from '../arm.ts';
import type { ConstrainedFigures } from '../constraint.ts';
import type { ArmMetrics, Constraint, Percentile, ServerFigures } from '../run-record.ts';
import type { Energy } from './cost.ts';
import type { MeasuredFigures } from './measured-figures.ts';

/** What one session says of one arm under one load. */
export interface SessionFigures extends MeasuredFigures {
  readonly load: ScenarioName;
  /** In `server`, the bound that the rate was found for; null elsewhere. */
  readonly bound: Extract<Constraint, { kind: 'latency' }> | null;
  /** Samples/s, the mean of the session's trials. */
  readonly qps: number;
  /** Of the trials of this session, 95 %; null with one trial. */
  readonly within: { readonly low: number; readonly high: number } | null;
  /** The figures as constraints look at them. */
  readonly judged: ConstrainedFigures;
}

type Trials = readonly [CompletedTrial, ...CompletedTrial[]];

/** The figures of some trials of one arm under one load. */
export async function figuresOf(
  trials: Trials,
  load: ScenarioName,
  findSamples: FindSamples,
): Promise<SessionFigures> {
  const metrics = await metricsOf(trials, findSamples);
  const { value, low, high } = metrics.qps;
  const { p50, p90, p95, p99, certified } = metrics.latencyMs;
  return {
    load,
    bound: null,
    qps: value,
    within: high === null ? null : { low, high },
    latencyMs: { p50, p90, p95, p99 },
    certified,
    memoryBytes: metrics.memoryBytes,
    energy: metrics.energyJPerInference,
    accuracy: metrics.quality.accuracy ?? null,
    judged: constrainedFigures(metrics),
    trials: metrics.trials,
  };
}

async function metricsOf(trials: Trials, findSamples: FindSamples): Promise<ArmMetrics> {
  const kept = await Promise.all(trials.map(({ id }) => findSamples(id)));
  const hasSamples = kept.some((one) => one !== null && one.length > 0);
  const arm = { ...toArm(trials[0].config), key: trials[0].armKey };
  const samples = new Map(trials.map(({ id }, index) => [id, kept[index] ?? null]));
  // One value stands in where no samples were kept; what it gives for latency is replaced.
  const find: FindSamples = (id) =>
    Promise.resolve(hasSamples ? (samples.get(id) ?? null) : Float64Array.of(0));
  const { metrics } = await measureArm(arm, trials, find);
  return hasSamples ? metrics : { ...metrics, latencyMs: typicalLatency(trials) };
}

/** The median of the trials' own percentiles: without samples they cannot be pooled. */
function typicalLatency(trials: Trials): ArmMetrics['latencyMs'] {
  const middle = (percentile: Percentile): number =>
    median(trials.map(({ metrics }) => metrics.latencyMs[percentile]));
  return {
    p50: middle('p50'),
    p90: middle('p90'),
    p95: middle('p95'),
    p99: middle('p99'),
    certified: false,
  };
}

/** The same arm answering requests when they come, from the rate that a run confirmed. */
export function servedFigures(
  closedLoop: SessionFigures,
  server: Extract<ServerFigures, { state: 'found' }>,
): SessionFigures {
  const memoryBytes = Math.max(closedLoop.memoryBytes, server.memoryBytes);
  return {
    ...closedLoop,
    load: 'server',
    bound: { kind: 'latency', ...server.bound },
    qps: server.qps,
    within: null,
    latencyMs: server.latencyMs,
    certified: true,
    memoryBytes,
    judged: {
      ...closedLoop.judged,
      latencyMs: { ...server.latencyMs, [server.bound.percentile]: server.certifiedMs },
      memoryBytes,
    },
    trials: 1,
  };
}

/** Several sessions' energy: the mean of those that one kind of sensor measured, else the first. */
export function commonEnergy(all: readonly Energy[]): Energy {
  const measured = all.flatMap((one) => (one.state === 'measured' ? [one] : []));
  const [first] = measured;
  if (first === undefined) {
    return all[0] ?? { state: 'unavailable', reason: 'nothing was measured' };
  }
  const alike = measured.filter(({ scope }) => scope === first.scope);
  const idle = alike.flatMap(({ idleWatts }) => idleWatts ?? []);
  return {
    ...first,
    value: mean(alike.map(({ value }) => value)),
    watts: mean(alike.map(({ watts }) => watts)),
    idleWatts: idle.length === alike.length ? mean(idle) : null,
  };
}
