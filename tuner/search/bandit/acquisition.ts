import type { Random } from '../../../engine/base/random.ts';
import { median } from '../../../engine/base/statistics.ts';
import { encodingOf, squaredDistance } from '../encoding.ts';
import type { SearchProblem } from '../searcher.ts';
import type { Belief, Candidate } from './belief.ts';
import { logExpectedImprovement } from './normal.ts';
import { bestOf } from './recommend.ts';

/** Arms that may stand as the best so far. */
const INCUMBENT_FEASIBLE = 0.9;
/** Arms that are surely infeasible are not looked at. */
const LEAST_FEASIBLE = 0.02;
/** Arms whose error is computed: of more, those with the best means. */
const MOST_CANDIDATES = 6000;
/** Arms whose cost is looked at. */
const MOST_PRICED = 200;

/** An arm and what measuring it is worth, as a logarithm. */
export interface Worth {
  readonly candidate: Candidate;
  readonly worth: number;
}

/**
 * Unmeasured arms by what measuring them is worth, best first: the log expected
 * improvement over the best posterior mean, plus the log of the chance that they
 * complete and meet the constraints (Gardner et al. 2014), less `costWeight` times the
 * log of what they cost.
 */
export function unmeasuredByWorth(
  belief: Belief,
  problem: SearchProblem,
  costWeight: number,
): Worth[] {
  const { measured } = belief;
  const incumbent = bestLikely(belief);
  // Without any, every feasible arm is an improvement.
  const best = incumbent?.mean ?? Math.min(...measured.map((one) => one.mean)) - 1;
  const worths: Worth[] = [];
  for (const arm of promising(belief, problem)) {
    const candidate = belief.candidate(arm);
    const chance = candidate.feasible * belief.completes(arm);
    if (chance < LEAST_FEASIBLE) continue;
    worths.push({ candidate, worth: logExpectedImprovement(candidate, best) + Math.log(chance) });
  }
  const order = worths.sort(byWorth).slice(0, MOST_PRICED);
  const logCost = costModel(problem);
  return order
    .map(({ candidate, worth }) => ({
      candidate,
      worth: worth - costWeight * logCost(candidate.arm),
    }))
    .sort(byWorth);
}

/** The best measured arm of those that are likely to meet the constraints; null without one. */
export function bestLikely({ measured }: Pick<Belief, 'measured'>): Candidate | null {
  return bestOf(measured.filter((one) => one.feasible >= INCUMBENT_FEASIBLE));
}

function byWorth(a: Worth, b: Worth): number {
  return b.worth - a.worth || a.candidate.arm - b.candidate.arm;
}

/** Unmeasured arms; of very many those with the best expected score, ties included. */
function promising(belief: Belief, { space }: SearchProblem): number[] {
  const known = new Set(belief.measured.map((one) => one.arm));
  const open = [...space.arms.keys()].filter((arm) => !known.has(arm) && !belief.givenUp.has(arm));
  if (open.length <= MOST_CANDIDATES) return open;
  const means = Float64Array.from(open, (arm) => belief.mean(arm));
  const least = means.toSorted().at(-MOST_CANDIDATES) as number;
  return open.filter((_, at) => (means[at] as number) >= least);
}

/**
 * log(cost / median cost) of an arm: the mean of what arms like it took, weighted by
 * likeness (Nadaraya 1964).
 */
function costModel({ space, records }: SearchProblem): (arm: number) => number {
  const encoding = encodingOf(space);
  const typical = median(records.map((record) => record.costMs));
  const known = records.map(({ armKey, costMs }) => ({
    arm: encoding.indexByKey.get(armKey) ?? 0,
    logCost: Math.log(Math.max(costMs, 1) / Math.max(typical, 1)),
  }));
  return (arm) => {
    let [sum, weights] = [0, 1e-3];
    for (const one of known) {
      const weight = Math.exp(-squaredDistance(encoding, arm, one.arm));
      sum += weight * one.logCost;
      weights += weight;
    }
    return sum / weights;
  };
}

/** The best of one draw of each candidate's log score from its belief (Thompson 1933). */
export function thompsonBest(candidates: readonly Candidate[], random: Random): Candidate | null {
  const draws = candidates.map(
    (one) => one.mean + one.sd * random.normal() + Math.log(one.feasible),
  );
  return candidates[draws.indexOf(Math.max(...draws))] ?? null;
}
