import type { LatencyBound } from './scenarios/scenario.ts';
import type { CompletedTrial, TrialRecord } from './trial-record.ts';

/** Whether a trial proves, with 99 % confidence, that the percentile stays within the bound. */
export function certifiesBound(
  trial: TrialRecord,
  { percentile, limitMs }: LatencyBound,
): trial is CompletedTrial {
  if (trial.state !== 'completed' || trial.metrics.unanswered > 0) return false;
  const certified = trial.metrics.latencyMs.certified[percentile];
  return certified !== null && certified <= limitMs;
}
