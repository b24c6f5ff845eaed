import type { CompletedTrial, TrialRecord } from '../suites/trial-record.ts';
import type { ConstrainedFigures } from './constraint.ts';
import type { Observation } from './search/searcher.ts';

/** What a searcher sees of a trial's record: its score is the throughput. */
export function toObservation(record: TrialRecord): Observation {
  const { armKey, costMs } = record;
  if (record.state !== 'completed') return { state: record.state, armKey, costMs };
  const figures = trialFigures(record);
  return { state: 'completed', armKey, costMs, score: record.metrics.qps, figures };
}

/** One trial's figures as constraints look at them. */
export function trialFigures(trial: CompletedTrial): ConstrainedFigures {
  const { latencyMs, memoryBytes, quality } = trial.metrics;
  return { latencyMs, memoryBytes, accuracy: quality.accuracy?.value };
}
