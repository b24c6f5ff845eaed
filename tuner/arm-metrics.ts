import { concatenate } from '../engine/base/concatenate.ts';
import { mean, quantileOfSorted, ratioInterval } from '../engine/base/statistics.ts';
import type { CompletedTrial, TrialRecord } from '../suites/trial-record.ts';
import type { ConstrainedFigures } from './constraint.ts';
import type { ArmMetrics, MeasuredArm } from './run-record.ts';
import type { Arm } from './space.ts';

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
        certified: false,
      },
      memoryBytes: Math.max(...metrics.map((one) => one.memoryBytes)),
      sessionBytes: Math.max(...metrics.map((one) => one.sessionBytes)),
      energyJPerInference: metrics[0]?.energyJPerInference ?? {
        state: 'unavailable',
        reason: 'nothing was measured',
      },
      quality: accuracies.length === 0 ? {} : { accuracy: mean(accuracies) },
      trials: trials.length,
    },
  };
}

type MeasuredTrial = Pick<CompletedTrial, 'id' | 'metrics'>;

/** An arm's figures as constraints look at them. */
export function constrainedFigures(metrics: ArmMetrics): ConstrainedFigures {
  const { latencyMs, memoryBytes, quality } = metrics;
  return { latencyMs, memoryBytes, accuracy: quality.accuracy };
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
