import type { Recommendation, SearchProblem } from '../searcher.ts';
import { believe, type Belief, type Candidate } from './belief.ts';
import { normalCdf } from './normal.ts';

/** An arm ships when its constraints hold with this probability. */
export const SHIPS_FEASIBLE = 0.995;
/** ... and when it is better than the default with this one. */
const SHIPS_BETTER = 0.95;

/**
 * The arm with the best posterior mean among the measured ones that meet the
 * constraints almost surely; the default where that meets them and nothing is
 * better with enough probability, so that equal arms do not ship.
 */
export function recommend(problem: SearchProblem): Recommendation | null {
  const belief = believe(problem);
  if (belief === null) return null;
  const shippable = belief.measured.filter((one) => one.feasible >= SHIPS_FEASIBLE);
  const best = bestOf(shippable);
  if (best === null) return null;
  const { space } = problem;
  const keyOf = ({ arm }: Candidate): string => space.arms[arm]?.key ?? '';
  const standard = shippable.find((one) => keyOf(one) === space.defaultArm.key);
  if (standard === undefined) return { armKey: keyOf(best), feasible: best.feasible, better: 1 };
  const better = probabilityBetter(belief, best, standard);
  const shipped = better >= SHIPS_BETTER ? best : standard;
  return { armKey: keyOf(shipped), feasible: shipped.feasible, better };
}

export function bestOf(candidates: readonly Candidate[]): Candidate | null {
  const [first, ...rest] = candidates;
  if (first === undefined) return null;
  return rest.reduce((best, one) => (one.mean > best.mean ? one : best), first);
}

/** P(a is better than b) under their joint posterior; 0.5 for an arm and itself. */
export function probabilityBetter(belief: Belief, a: Candidate, b: Candidate): number {
  const variance = a.variance + b.variance - 2 * belief.covariance(a, b);
  return a.arm === b.arm
    ? 0.5
    : normalCdf((a.mean - b.mean) / Math.sqrt(Math.max(variance, 1e-12)));
}
