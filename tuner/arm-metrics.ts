import { certifiedPercentile } from '../engine/base/percentile-certificate.ts';
import { concatenate } from '../engine/base/concatenate.ts';
import { mean, quantileOfSorted, ratioInterval } from '../engine/base/statistics.ts';
import type { CompletedTrial, TrialRecord } from '../suites/trial-record.ts';
import { wattsOf, type ConstrainedFigures } from './constraint.ts';
import type { ArmMetrics, MeasuredArm } from './run-record.ts';
import type { Arm } from './arm.ts';

/** Raw latencies of a trial, or null when they were not kept. */
export type FindSamples = (trialId: string) => Promise<Float64Array | null>;

/**
 * What several trials say of one arm together: throughput as the geometric mean
 * with Student's t interval on the logs, latency percentiles over the requests
 * of all of them, the largest memory peak. At least one trial.
 */
export async function measureArm(
  arm: Arm,
  trials: readonly MeasuredTrial[],
  findSamples: FindSamples,
): Promise<MeasuredArm> {
  const pooled = await poolLatencies(trials, findSamples);
  const metrics = trials.map((trial) => trial.metrics);
  const accuracies = metrics.flatMap((one) => one.quality.accuracy?.value ?? []);
  return {
    armKey: arm.key,
    config: arm.config,
    metrics: {
      qps: throughput(metrics.map((one) => one.qps)),
      latencyMs: {
        p50: quantileOfSorted(pooled, 0.5),
        p90: quantileOfSorted(pooled, 0.9),
        p95: quantileOfSorted(pooled, 0.95),
        p99: quantileOfSorted(pooled, 0.99),
        ...certificates(pooled),
      },
      memoryBytes: Math.max(...metrics.map((one) => one.memoryBytes)),
      sessionBytes: Math.max(...metrics.map((one) => one.sessionBytes)),
      energyJPerInference: meanEnergy(metrics.map((one) => one.energyJPerInference)),
      quality: accuracies.length === 0 ? {} : { accuracy: mean(accuracies) },
      trials: trials.length,
    },
  };
}

type MeasuredTrial = Pick<CompletedTrial, 'id' | 'metrics'>;

/** The upper bounds that the pooled requests prove; `certified` is said of p99. */
function certificates(sorted: Float64Array): Pick<ArmMetrics['latencyMs'], 'certified' | 'upper'> {
  const upper = {
    p50: certifiedPercentile(sorted, 0.5),
    p90: certifiedPercentile(sorted, 0.9),
    p95: certifiedPercentile(sorted, 0.95),
    p99: certifiedPercentile(sorted, 0.99),
  };
  return { certified: upper.p99 !== null, upper };
}

type Energy = ArmMetrics['energyJPerInference'];

/** The mean of the trials that have a figure; where none has, why. */
function meanEnergy(figures: readonly Energy[]): Energy {
  const known = figures.filter((figure) => figure.state !== 'unavailable');
  const [first] = known;
  if (first === undefined) {
    return figures[0] ?? { state: 'unavailable', reason: 'nothing was measured' };
  }
  return {
    ...first,
    value: mean(known.map(({ value }) => value)),
    netValue: known.every(({ netValue }) => netValue !== null)
      ? mean(known.map(({ netValue }) => netValue ?? 0))
      : null,
    watts: mean(known.map(({ watts }) => watts)),
    coverage: Math.min(...known.map(({ coverage }) => coverage)),
  };
}

/**
 * An arm's figures as constraints look at them: where there were enough requests,
 * a percentile is what it does not exceed with 99 % confidence.
 */
export function constrainedFigures(metrics: ArmMetrics): ConstrainedFigures {
  const { latencyMs, memoryBytes, quality, energyJPerInference } = metrics;
  const { upper } = latencyMs;
  return {
    latencyMs: {
      p50: upper?.p50 ?? latencyMs.p50,
      p90: upper?.p90 ?? latencyMs.p90,
      p95: upper?.p95 ?? latencyMs.p95,
      p99: upper?.p99 ?? latencyMs.p99,
    },
    memoryBytes,
    accuracy: quality.accuracy,
    watts: wattsOf(energyJPerInference),
  };
}

/** The completed trials of an arm that have the given purpose. */
export function completedTrials(
  trials: readonly TrialRecord[],
  armKey: string,
  kind: 'search' | 'verify',
): CompletedTrial[] {
  return trials.filter(
    (trial): trial is CompletedTrial =>
      trial.state === 'completed' && trial.armKey === armKey && trial.purpose.kind === kind,
  );
}

function throughput(qps: readonly number[]): ArmMetrics['qps'] {
  const { value, low, high } = ratioInterval(qps.map(Math.log), 0.95);
  // One trial has no interval: all that is known is that it is not negative.
  return { value, low, high: Number.isFinite(high) ? high : null };
}

/** All requests of all trials, ascending. */
async function poolLatencies(
  trials: readonly MeasuredTrial[],
  findSamples: FindSamples,
): Promise<Float64Array> {
  const parts = await Promise.all(trials.map((trial) => findSamples(trial.id)));
  return concatenate(parts.filter((part) => part !== null)).sort();
}
