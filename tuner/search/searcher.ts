import type { ConstrainedFigures } from '../constraint.ts';
import type { Constraint } from '../run-record.ts';

/**
 * What a searcher sees: arms as plain values, observations as plain figures. It
 * knows neither engines nor files, so that the same one drives real runs,
 * recorded tables and synthetic hosts.
 */

export type KnobValue = string | number | boolean;

/** A configuration that may be tried, as one value a knob. */
export interface SearchArm {
  readonly key: string;
  readonly values: Readonly<Record<string, KnobValue>>;
}

export interface SearchKnob {
  /** The name in `SearchArm.values`. */
  readonly name: string;
  /** `log2` and `linear` are numbers, `ordinal` an order without distances. */
  readonly scale: 'log2' | 'linear' | 'ordinal' | 'categorical';
  /** Every value that occurs; for an ordinal knob in its order. */
  readonly values: readonly KnobValue[];
  /** Knobs of one group are one decision: one of them rarely changes alone. */
  readonly group: string;
}

export interface SearchSpace {
  readonly knobs: readonly SearchKnob[];
  /** The arm of a user who sets nothing; always among `arms`. */
  readonly defaultArm: SearchArm;
  readonly arms: readonly SearchArm[];
}

/**
 * Decides what to measure next and what to ship. Both are pure functions of the
 * problem: no clock, no input or output, no memory of their own. A run that was
 * killed resumes from its records and is asked the same question again.
 */
export interface Searcher {
  readonly name: string;
  ask(problem: SearchProblem): Ask;
  /** The arm to ship as far as is known, or null when none is known to meet the constraints. */
  recommend(problem: SearchProblem): Recommendation | null;
}

export interface SearchProblem {
  readonly space: SearchSpace;
  /** What scores are about; what is cost or energy an inference goes with the throughput. */
  readonly sought: 'throughput' | 'latency';
  readonly constraints: readonly Constraint[];
  /** What other hosts found, to start from; empty without. */
  readonly priors: readonly Prior[];
  readonly seed: number;
  /** Everything measured so far, in order. */
  readonly records: readonly Observation[];
  /** What is spent of what there is, both in one unit (trials, or time); null without an end. */
  readonly budget: Budget | null;
}

export interface Budget {
  readonly spent: number;
  readonly total: number;
}

export type Ask =
  | {
      readonly kind: 'measure';
      readonly armKey: string;
      /** How many more trials of the arm are wanted now, at least 1. */
      readonly repetitions: number;
    }
  | { readonly kind: 'done' };

export interface Recommendation {
  /** What ships if nothing more is measured. */
  readonly armKey: string;
  /** What is worth comparing with the default: the best arm, however little better it may be. */
  readonly candidateKey: string;
  /** P(every constraint is met), 1 without constraints; null from a searcher without a model. */
  readonly feasible: number | null;
  /** P(better than the default); null from a searcher without a model. */
  readonly better: number | null;
}

/** One finished trial as a searcher sees it. A trial that failed has no figures. */
export type Observation =
  | {
      readonly state: 'completed';
      readonly armKey: string;
      readonly costMs: number;
      /** What is sought: positive, higher is better. */
      readonly score: number;
      readonly figures: ConstrainedFigures;
    }
  | {
      readonly state: 'invalid' | 'failed' | 'timeout' | 'out-of-memory';
      readonly armKey: string;
      readonly costMs: number;
    };

export type CompletedObservation = Extract<Observation, { state: 'completed' }>;

/** Scores of arms on another host. Arms of the same values are the same, whatever their keys. */
export interface Prior {
  readonly hostKey: string;
  readonly scores: readonly { readonly arm: SearchArm; readonly score: number }[];
}

/** A failed arm is tried once more, then given up. */
export const MAX_FAILURES = 2;

export function measure(armKey: string, repetitions = 1): Ask {
  return { kind: 'measure', armKey, repetitions };
}

export const DONE: Ask = Object.freeze({ kind: 'done' });
