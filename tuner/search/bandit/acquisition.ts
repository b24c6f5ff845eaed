import type { Random } from '../../../engine/base/random.ts';
import type { SearchProblem } from '../searcher.ts';
import type { Belief, Candidate } from './belief.ts';
import { logExpectedImprovement } from './normal.ts';
import { bestOf } from './recommend.ts';

/** Arms that may stand as the best so far. */
const INCUMBENT_FEASIBLE = 0.9;
/** Arms that are surely infeasible are not looked at. */
const LEAST_FEASIBLE = 0.02;

/** An arm and what measuring it is worth, as a logarithm. */
export interface Worth {
  readonly candidate: Candidate;
  readonly worth: number;
}

/**
 * Unmeasured arms by what measuring them is worth, best first: the log expected
 * improvement over the best posterior mean, plus the log of the chance that they
 * complete and meet the constraints (Gardner et al. 2014).
 */
export function unmeasuredByWorth(belief: Belief, problem: SearchProblem): Worth[] {
  const { measured } = belief;
  const known = new Set(measured.map((one) => one.arm));
  const incumbent = bestOf(measured.filter((one) => one.feasible >= INCUMBENT_FEASIBLE));
  // Without any, every feasible arm is an improvement.
  const best = incumbent?.mean ?? Math.min(...measured.map((one) => one.mean)) - 1;
  const worths: Worth[] = [];
  for (let arm = 0; arm < problem.space.arms.length; arm += 1) {
    if (known.has(arm) || belief.givenUp.has(arm)) continue;
    const candidate = belief.candidate(arm);
    const chance = candidate.feasible * belief.completes(arm);
    if (chance < LEAST_FEASIBLE) continue;
    worths.push({ candidate, worth: logExpectedImprovement(candidate, best) + Math.log(chance) });
  }
  return worths.sort((a, b) => b.worth - a.worth || a.candidate.arm - b.candidate.arm);
}

/** The best of one draw of each candidate's log score from its belief (Thompson 1933). */
export function thompsonBest(candidates: readonly Candidate[], random: Random): Candidate | null {
  const draws = candidates.map(
    (one) => one.mean + one.sd * random.normal() + Math.log(one.feasible),
  );
  return candidates[draws.indexOf(Math.max(...draws))] ?? null;
}
