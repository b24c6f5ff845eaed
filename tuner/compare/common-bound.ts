import { isDeepStrictEqual } from 'node:util';
import { UserError } from '../../engine/base/errors.ts';
import { describeConstraint } from '../constraint.ts';
import type { Constraint } from '../run-record.ts';
import type { ComparedSource } from './compared-source.ts';

/**
 * The bound at which hosts are compared: what was given, else what all runs share. Throws
 * UserError where they differ: a host that may answer later serves more.
 */
export function commonBound(
  sources: readonly ComparedSource[],
  given: readonly Constraint[],
): readonly Constraint[] {
  if (given.length > 0) return given;
  const bounded = sources.flatMap(({ id, constraints }) =>
    constraints === null ? [] : [{ id, constraints: sorted(constraints) }],
  );
  const [first] = bounded;
  if (first === undefined) return [];
  const other = bounded.find(({ constraints }) => !sameBound(constraints, first.constraints));
  if (other === undefined) return first.constraints;
  throw new UserError(
    `the runs have different bounds: ${describeBound(first.constraints)} (${first.id}) and ${describeBound(other.constraints)} (${other.id})`,
    { remedy: "give one bound for all of them, such as --slo 'p99<50ms'" },
  );
}

export function sameBound(a: readonly Constraint[], b: readonly Constraint[]): boolean {
  return isDeepStrictEqual(sorted(a), sorted(b));
}

/** `p99 < 50 ms, memory < 512 MiB`, or `no bound`. */
export function describeBound(constraints: readonly Constraint[]): string {
  return constraints.length === 0 ? 'no bound' : constraints.map(describeConstraint).join(', ');
}

function sorted(constraints: readonly Constraint[]): Constraint[] {
  return constraints.toSorted((a, b) => (describeConstraint(a) < describeConstraint(b) ? -1 : 1));
}
