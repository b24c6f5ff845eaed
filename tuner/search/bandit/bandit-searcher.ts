import { createRandom } from '../../../engine/base/random.ts';
import { DONE, measure, type Ask, type Searcher, type SearchProblem } from '../searcher.ts';
import { isOpen, standings } from '../standings.ts';
import { thompsonBest, unmeasuredByWorth } from './acquisition.ts';
import { believe, type Candidate } from './belief.ts';
import { portfolio } from './portfolio.ts';
import { contendersOf, knowledgeGradient } from './race.ts';
import { recommend, SHIPS_FEASIBLE } from './recommend.ts';

/** Evaluations of a search without a budget. */
const HORIZON = 60;
/** Share of the evaluations that goes to repetitions at the end. */
const RACE = 0.3;

export const banditSearcher: Searcher = Object.freeze({ name: 'bandit', ask, recommend });

function ask(problem: SearchProblem): Ask {
  const left = evaluationsLeft(problem);
  if (left <= 0) return DONE;
  const first = askFirst(problem, problem.records.length + left);
  if (first !== null) return first;
  const belief = believe(problem);
  if (belief === null) return askAnything(problem);
  const done = problem.records.length;
  const worths = unmeasuredByWorth(belief, problem);
  const race = left <= RACE * (done + left);
  const key = (one: Candidate): string => problem.space.arms[one.arm]?.key ?? '';
  if (race || worths.length === 0) {
    const feasible = belief.measured.filter((one) => one.feasible >= SHIPS_FEASIBLE * 0.5);
    const contenders = contendersOf(feasible);
    const options = [...contenders, ...worths.slice(0, 50).map((one) => one.candidate)];
    let best: Candidate | null = null;
    let most = -Infinity;
    for (const one of options) {
      const worth =
        knowledgeGradient(belief, one, contenders.length > 0 ? contenders : [one]) * one.feasible;
      if (worth > most) [best, most] = [one, worth];
    }
    if (best === null) return DONE;
    return measure(key(best));
  }
  const random = createRandom(problem.seed, `bandit ${done}`);
  if (random.next() < 0.2) {
    const draw = thompsonBest(
      worths.slice(0, 64).map((one) => one.candidate),
      random,
    );
    if (draw !== null) return measure(key(draw));
  }
  const [top] = worths;
  return top === undefined ? DONE : measure(key(top.candidate));
}

function evaluationsLeft({ budget, records }: SearchProblem): number {
  if (budget === null) return HORIZON - records.length;
  const left = budget.total - budget.spent;
  const each = records.length === 0 ? budget.spent : budget.spent / records.length;
  return left <= 0 ? 0 : each === 0 ? HORIZON : left / each;
}

function askFirst(problem: SearchProblem, horizon: number): Ask | null {
  const known = standings(problem.records, problem.constraints);
  const next = portfolio(problem.space, horizon).find((arm) => isOpen(arm.key, known));
  return next === undefined ? null : measure(next.key);
}

/** Nothing completed so far: the next arm in an order drawn by the seed. */
function askAnything({ space, seed, records, constraints }: SearchProblem): Ask {
  const known = standings(records, constraints);
  const order = createRandom(seed, 'anything').shuffled(space.arms);
  const next = order.find((arm) => isOpen(arm.key, known));
  return next === undefined ? DONE : measure(next.key);
}
