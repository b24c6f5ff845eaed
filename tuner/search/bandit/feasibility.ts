import { squaredDistance, encodingOf } from '../encoding.ts';
import { fit, type Fitted } from '../gp/fit.ts';
import { groupedSpaceOf } from '../gp/grouped-space.ts';
import type { Constraint } from '../../run-record.ts';
import type { CompletedObservation, SearchArm, SearchProblem } from '../searcher.ts';
import { BELIEFS } from './knowledge.ts';
import { normalCdf } from './normal.ts';

/** What is believed of one constraint: P(it is met) by the index of an arm. */
export type MeetsConstraint = (arm: number) => number;

/** A model of the constrained figure over the arms, in logarithms; the figure's noise is no part. */
export function constraintModel(
  problem: SearchProblem,
  completed: readonly CompletedObservation[],
  constraint: Constraint,
): MeetsConstraint {
  const { space } = problem;
  const grouped = groupedSpaceOf(space);
  const offsetOf = (arm: number): number => offset(space.arms[arm] as SearchArm, constraint);
  const arms = completed.map((record) => grouped.indexByKey.get(record.armKey) ?? 0);
  const values = completed.map(
    (record, i) => Math.log(figureOf(record, constraint)) - offsetOf(arms[i] as number),
  );
  const rows = { arms: Int32Array.from(arms), values: Float64Array.from(values) };
  const fitted = fit(grouped, rows, BELIEFS[constraint.kind]);
  return (arm) => probability(fitted, { arm, constraint, offset: offsetOf(arm) });
}

function probability(
  fitted: Fitted | null,
  of: { readonly arm: number; readonly constraint: Constraint; readonly offset: number },
): number {
  // Nothing is known: neither likely nor not.
  if (fitted === null) return 0.5;
  const { mean, variance } = fitted.process.predict(of.arm);
  const margin = Math.log(limitOf(of.constraint)) - of.offset - mean;
  const z = margin / Math.sqrt(variance);
  return normalCdf(of.constraint.kind === 'accuracy' ? -z : z);
}

function offset(arm: SearchArm, constraint: Constraint): number {
  return constraint.kind === 'latency' ? logQueued(arm) : 0;
}

/** log(replicas x batch): what a request waits for by Little's law. */
export function logQueued({ values }: SearchArm): number {
  const count = Number(values['replicas'] ?? 1) * Number(values['batch.maxSize'] ?? 1);
  return Number.isFinite(count) ? Math.log(count) : 0;
}

function figureOf({ figures }: CompletedObservation, constraint: Constraint): number {
  switch (constraint.kind) {
    case 'latency':
      return figures.latencyMs[constraint.percentile];
    case 'memory':
      return figures.memoryBytes;
    case 'accuracy':
      return Math.max(figures.accuracy ?? 0, 1e-6);
    case 'power':
      return figures.watts ?? Infinity;
  }
}

function limitOf(constraint: Constraint): number {
  switch (constraint.kind) {
    case 'latency':
      return constraint.limitMs;
    case 'memory':
      return constraint.limitBytes;
    case 'accuracy':
      return constraint.floor;
    case 'power':
      return constraint.limitWatts;
  }
}

/** Trials that are believed to have ended well before any: failures are rare. */
const PRIOR_SUCCESSES = 4;
const PRIOR_FAILURES = 0.05;

/**
 * P(a trial of the arm completes): successes and failures of arms like it, weighted by
 * likeness (a continuous correlated beta process; Goetschalckx, Poupart and Hoey 2011).
 */
export function completionModel({ space, records }: SearchProblem): MeetsConstraint {
  if (records.every((record) => record.state === 'completed')) return () => 1;
  const encoding = encodingOf(space);
  return (arm) => {
    let [completed, failed] = [PRIOR_SUCCESSES, PRIOR_FAILURES];
    for (const { armKey, state } of records) {
      const other = encoding.indexByKey.get(armKey) ?? 0;
      const likeness = Math.exp(-squaredDistance(encoding, arm, other));
      if (state === 'completed') completed += likeness;
      else failed += likeness;
    }
    return completed / (completed + failed);
  };
}
