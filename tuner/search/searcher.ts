import type { CompletedTrial, TrialRecord } from '../../suites/trial-record.ts';
import type { ConstrainedFigures } from '../constraint.ts';
import type { Constraint } from '../run-record.ts';
import type { Space } from '../space.ts';

/**
 * Decides what to measure next. `ask` is a pure function of the problem: no
 * clock, no input or output, no memory of its own. A run that was killed
 * resumes from its records and is asked the same question again.
 */
export interface Searcher {
  readonly name: string;
  ask(problem: SearchProblem): Ask;
}

export interface SearchProblem {
  readonly space: Space;
  readonly objective: 'qps';
  readonly constraints: readonly Constraint[];
  /** What other runs found, to start from; empty without. */
  readonly priors: readonly Prior[];
  readonly seed: number;
  /** Everything measured so far, in order. */
  readonly records: readonly Observation[];
}

export type Ask =
  | {
      readonly kind: 'measure';
      readonly armKey: string;
      /** How many more trials of the arm are wanted now, at least 1. */
      readonly repetitions: number;
    }
  | { readonly kind: 'done' };

/** One finished trial as a searcher sees it. A trial that failed has no figures. */
export type Observation =
  | {
      readonly state: 'completed';
      readonly armKey: string;
      readonly costMs: number;
      readonly qps: number;
      readonly figures: ConstrainedFigures;
    }
  | {
      readonly state: Exclude<TrialRecord['state'], 'completed'>;
      readonly armKey: string;
      readonly costMs: number;
    };

/** The order of arms on another host: QPS by arm key. */
export interface Prior {
  readonly hostKey: string;
  readonly qpsByArm: ReadonlyMap<string, number>;
}

/** The observation in a trial's record. */
export function toObservation(record: TrialRecord): Observation {
  const { armKey, costMs } = record;
  if (record.state !== 'completed') return { state: record.state, armKey, costMs };
  const figures = trialFigures(record);
  return { state: 'completed', armKey, costMs, qps: record.metrics.qps, figures };
}

/** One trial's figures as constraints look at them. */
export function trialFigures(trial: CompletedTrial): ConstrainedFigures {
  const { latencyMs, memoryBytes, quality } = trial.metrics;
  return { latencyMs, memoryBytes, accuracy: quality.accuracy?.value };
}
