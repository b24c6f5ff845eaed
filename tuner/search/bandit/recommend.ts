import { mean } from '../../../engine/base/statistics.ts';
import type { Recommendation, SearchArm, SearchProblem } from '../searcher.ts';
import { believe, type Belief, type Candidate } from './belief.ts';
import { isConfirmed } from './confirmation.ts';
import { normalCdf } from './normal.ts';

/** An arm ships when its constraints hold with this probability. */
export const SHIPS_FEASIBLE = 0.995;
/** ... and when it is better than the default, by this logarithm at least, with this one. */
const SHIPS_BETTER = 0.99;
const LEAST_GAIN = 0.02;
/** Above, the default need not be measured again. */
const BEYOND_DOUBT = 0.999;

/**
 * The arm with the best posterior mean among the measured ones that meet the
 * constraints almost surely; the default where that meets them and nothing is
 * better with enough probability, so that equal arms do not ship.
 */
export function recommend(problem: SearchProblem): Recommendation | null {
  const belief = believe(problem);
  if (belief === null) return null;
  const { space } = problem;
  const shippable = belief.measured.filter(
    (one) =>
      one.feasible >= SHIPS_FEASIBLE && isConfirmed(problem, space.arms[one.arm] as SearchArm),
  );
  const best = bestOf(shippable);
  if (best === null) return null;
  const keyOf = ({ arm }: Candidate): string => space.arms[arm]?.key ?? '';
  const standard = shippable.find((one) => keyOf(one) === space.defaultArm.key);
  const candidateKey = keyOf(best);
  if (standard === undefined) {
    return { armKey: candidateKey, candidateKey, feasible: best.feasible, better: 1 };
  }
  const better = Math.min(
    probabilityBetter(belief, best, standard, LEAST_GAIN),
    measuredBetter(belief, problem, { best: candidateKey, standard: keyOf(standard) }),
  );
  const shipped = better >= SHIPS_BETTER ? best : standard;
  return { armKey: keyOf(shipped), candidateKey, feasible: shipped.feasible, better };
}

export function bestOf(candidates: readonly Candidate[]): Candidate | null {
  const [first, ...rest] = candidates;
  if (first === undefined) return null;
  return rest.reduce((best, one) => (one.mean > best.mean ? one : best), first);
}

/** P(a is better than b by a margin, a logarithm) under their joint posterior; 0 for an arm and itself. */
export function probabilityBetter(
  belief: Pick<Belief, 'covariance'>,
  a: Candidate,
  b: Candidate,
  margin: number,
): number {
  if (a.arm === b.arm) return 0;
  const variance = a.variance + b.variance - 2 * belief.covariance(a, b);
  return normalCdf((a.mean - b.mean - margin) / Math.sqrt(Math.max(variance, 1e-12)));
}

/** The same from the trials of the two arms alone: what is believed of knobs must not ship an arm. */
function measuredBetter(
  { noiseSd }: Belief,
  { records }: SearchProblem,
  keys: { readonly best: string; readonly standard: string },
): number {
  const logsOf = (key: string): number[] =>
    records.flatMap((one) =>
      one.state === 'completed' && one.armKey === key ? [Math.log(one.score)] : [],
    );
  const [best, standard] = [logsOf(keys.best), logsOf(keys.standard)];
  const sd = noiseSd * Math.sqrt(1 / best.length + 1 / standard.length);
  return normalCdf((mean(best) - mean(standard) - LEAST_GAIN) / sd);
}

/**
 * The default where it takes part in the choice but was measured less often than the
 * leader, and the leader's gain over it is not beyond doubt: both are known equally well
 * before one of them ships.
 */
export function defaultToRepeat(belief: Belief, problem: SearchProblem): Candidate | null {
  const { space, records } = problem;
  const shippable = belief.measured.filter((one) => one.feasible >= SHIPS_FEASIBLE);
  const standard = shippable.find((one) => space.arms[one.arm]?.key === space.defaultArm.key);
  const leader = bestOf(shippable);
  if (standard === undefined || leader === null || leader === standard) return null;
  const counted = ({ arm }: Candidate): number =>
    records.filter((record) => record.armKey === space.arms[arm]?.key).length;
  const sure = probabilityBetter(belief, leader, standard, LEAST_GAIN) >= BEYOND_DOUBT;
  return sure || counted(standard) > counted(leader) ? null : standard;
}
