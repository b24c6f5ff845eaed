import { checkConstraint, meetsAll } from '../../constraint.ts';
import type { Constraint } from '../../run-record.ts';
import type { CompletedObservation, SearchArm, SearchProblem } from '../searcher.ts';

/**
 * How far off a single trial may be, as a ratio: one in a hundred is. Repeated trials
 * of recorded tables have tails far beyond what their standard deviations promise
 * (memory: 10 %, p99: 25 %), so that one lucky trial proves little near a bound.
 */
const TAIL: Readonly<Record<Constraint['kind'], number>> = Object.freeze({
  latency: 1.25,
  memory: 1.1,
  accuracy: 1,
  power: 1.1,
});

/**
 * Whether an arm's own trials say that it meets the constraints: one that is well
 * within every bound, or at least two of which more than half meet them all.
 */
export function isConfirmed({ records, constraints }: SearchProblem, arm: SearchArm): boolean {
  const own = records.filter(
    (one): one is CompletedObservation => one.state === 'completed' && one.armKey === arm.key,
  );
  const isFar = own.every(({ figures }) =>
    constraints.every(
      (constraint) => checkConstraint(figures, constraint).excess * TAIL[constraint.kind] < 1,
    ),
  );
  if (isFar) return own.length > 0;
  const met = own.filter(({ figures }) => meetsAll(figures, constraints)).length;
  return met >= 2 && met > own.length / 2;
}
