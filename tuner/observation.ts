import type { CompletedTrial, TrialMetrics, TrialRecord } from '../suites/trial-record.ts';
import { wattsOf, type ConstrainedFigures } from './constraint.ts';
import type { SoughtFigures } from './objective.ts';
import type { Observation } from './search/searcher.ts';

/** What a searcher sees of a trial's record. Without a score, a completed trial says nothing. */
export function toObservation(
  record: TrialRecord,
  score: (figures: SoughtFigures) => number | null,
): Observation {
  const { armKey, costMs } = record;
  if (record.state !== 'completed') return { state: record.state, armKey, costMs };
  const scored = score(soughtFigures(record.metrics));
  if (scored === null) return { state: 'invalid', armKey, costMs };
  return { state: 'completed', armKey, costMs, score: scored, figures: trialFigures(record) };
}

/** One trial's figures as constraints look at them. */
export function trialFigures(trial: CompletedTrial): ConstrainedFigures {
  const { latencyMs, memoryBytes, quality, energyJPerInference: energy } = trial.metrics;
  return { latencyMs, memoryBytes, accuracy: quality.accuracy?.value, watts: wattsOf(energy) };
}

/** One trial's figures as objectives look at them. */
export function soughtFigures(metrics: TrialMetrics): SoughtFigures {
  const { qps, latencyMs, memoryBytes, energyJPerInference: energy } = metrics;
  return { qps, p99Ms: latencyMs.p99, memoryBytes, energy };
}
