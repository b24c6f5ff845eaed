import { createRandom } from '../../../engine/base/random.ts';
import { encodingOf } from '../encoding.ts';
import {
  DONE,
  measure,
  type Ask,
  type SearchArm,
  type Searcher,
  type SearchProblem,
} from '../searcher.ts';
import { isOpen, standings } from '../standings.ts';
import { bestLikely, thompsonBest, unmeasuredByWorth } from './acquisition.ts';
import { believe, type Belief, type Candidate } from './belief.ts';
import { portfolio } from './portfolio.ts';
import { isDecided, raceFor } from './race.ts';
import { recommend } from './recommend.ts';
import { advisedArms } from './transfer.ts';

/** Evaluations of a search without a budget. */
const HORIZON = 60;
/** Share of the evaluations, the last ones, that serve the choice between contenders. */
const RACE = 0.6;
/** Share of the others that are drawn, and from how many of the most promising arms. */
const THOMPSON = 0.1;
const DRAWN_FROM = 64;
/** Measurements after which first arms are dropped that lie this many deviations below the best. */
const KNOWING = 3;
const HOPE = 2;

/**
 * The paired, constrained bandit: first arms of general knowledge and of other hosts;
 * then those of the greatest expected improvement under the constraints, now and then
 * one of Thompson's; at last a race of repetitions, until the best is known or the
 * budget spent.
 */
export const banditSearcher: Searcher = Object.freeze({ name: 'bandit', ask, recommend });

function ask(problem: SearchProblem): Ask {
  const left = evaluationsLeft(problem);
  if (left <= 0) return DONE;
  const horizon = problem.records.length + left;
  const belief = believe(problem);
  const first = askFirst(problem, belief, horizon);
  if (first !== null || belief === null) return first ?? askAnything(problem);
  return askModel(problem, belief, { left, horizon });
}

function evaluationsLeft({ budget, records }: SearchProblem): number {
  if (budget === null) return HORIZON - records.length;
  const left = budget.total - budget.spent;
  if (left <= 0) return 0;
  // Before the first, an evaluation is one unit of a budget of trials.
  if (records.length === 0 || budget.spent <= 0) return Math.min(left, HORIZON);
  return left / (budget.spent / records.length);
}

function askFirst(problem: SearchProblem, belief: Belief | null, horizon: number): Ask | null {
  const { space, priors } = problem;
  const advised = advisedArms(space, priors);
  const first = [space.defaultArm, ...advised, ...portfolio(problem, horizon)];
  const isKnowing = problem.records.length >= KNOWING;
  return askNext(problem, isKnowing ? hopeful(problem, belief, first) : first);
}

/** Without the arms that by now can hardly be the best of those that may ship. */
function hopeful(
  { space }: SearchProblem,
  belief: Belief | null,
  arms: readonly SearchArm[],
): readonly SearchArm[] {
  const best = belief === null ? null : bestLikely(belief);
  if (belief === null || best === null) return arms;
  const { indexByKey } = encodingOf(space);
  return arms.filter(({ key }) => {
    const { mean, sd } = belief.candidate(indexByKey.get(key) ?? 0);
    return mean + HOPE * sd > best.mean;
  });
}

function askNext(problem: SearchProblem, arms: readonly SearchArm[]): Ask | null {
  const known = standings(problem.records, problem.constraints);
  const next = arms.find((arm) => isOpen(arm.key, known));
  return next === undefined ? null : measure(next.key);
}

/** What the model asks for, with so many evaluations left of all. */
function askModel(
  problem: SearchProblem,
  belief: Belief,
  { left, horizon }: { readonly left: number; readonly horizon: number },
): Ask {
  const leftShare = left / horizon;
  const asked = (one: Candidate): Ask => measure(problem.space.arms[one.arm]?.key ?? '');
  // Cheap arms first: what is learned early serves longest.
  const worths = unmeasuredByWorth(belief, problem, leftShare);
  const [top] = worths;
  if (leftShare <= RACE || top === undefined) {
    if (isDecided(belief, worths, problem)) return DONE;
    const raced = raceFor(belief, worths, problem, left);
    return raced === null ? DONE : asked(raced);
  }
  const random = createRandom(problem.seed, `bandit ${problem.records.length}`);
  if (random.next() >= THOMPSON) return asked(top.candidate);
  const drawnFrom = worths.slice(0, DRAWN_FROM).map((one) => one.candidate);
  return asked(thompsonBest(drawnFrom, random) ?? top.candidate);
}

/** Nothing completed so far: the next arm in an order drawn by the seed. */
function askAnything(problem: SearchProblem): Ask {
  const { space, seed } = problem;
  return askNext(problem, createRandom(seed, 'anything').shuffled(space.arms)) ?? DONE;
}
