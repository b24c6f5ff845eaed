import type { SearchArm, SearchProblem } from '../searcher.ts';
import type { Worth } from './acquisition.ts';
import type { Belief, Candidate } from './belief.ts';
import { isConfirmed } from './confirmation.ts';
import { normalQuantile } from './normal.ts';
import { defaultToRepeat, probabilityBetter, SHIPS_FEASIBLE } from './recommend.ts';

/** The last evaluations serve to confirm what ships. */
const CONFIRMING = 3;
/** Arms between which the choice is made, arms in doubt, and unmeasured ones beside them. */
const CONTENDERS = 12;
const NEWCOMERS = 50;
/** Below this chance of meeting the constraints an arm is not measured again. */
const DOUBTFUL = 0.05;
/** What the winner may fall short of the best, as a logarithm, and with which confidence. */
const MARGIN = 0.015;
const CONFIDENCE = 0.95;

/**
 * The arm whose next measurement is worth most to the choice of what ships: the
 * knowledge gradient over contenders, arms that may come to meet the constraints, and
 * unmeasured ones. Fidelity is the number of repetitions, never a shorter trial.
 */
export function raceFor(
  belief: Belief,
  newcomers: readonly Worth[],
  problem: SearchProblem,
  evaluationsLeft: number,
): Candidate | null {
  const contenders = contendersOf(belief);
  const [leader] = contenders;
  // Near a bound one lucky trial proves little, and what is not confirmed does not ship.
  const isLast = evaluationsLeft <= CONFIRMING && problem.constraints.length > 0;
  if (isLast && leader !== undefined && !confirmed(problem, leader)) return leader;
  const paired = defaultToRepeat(belief, problem);
  if (paired !== null) return paired;
  const doubtful = belief.measured.filter(
    (one) => one.feasible < SHIPS_FEASIBLE && one.feasible > DOUBTFUL,
  );
  const options = [
    ...contenders,
    ...bestFirst(doubtful).slice(0, CONTENDERS),
    ...newcomers.slice(0, NEWCOMERS).map((one) => one.candidate),
  ].filter((one) => !belief.givenUp.has(one.arm));
  // Without a contender whatever may ship is an improvement over the least of the options.
  const basis = contenders.length > 0 ? contenders : bestFirst(options).slice(-1);
  let best: Candidate | null = null;
  let most = -Infinity;
  for (const one of options) {
    const worth = one.feasible * knowledgeGradient(belief, one, basis);
    if (worth > most) [best, most] = [one, worth];
  }
  return best;
}

function confirmed(problem: SearchProblem, { arm }: Candidate): boolean {
  return isConfirmed(problem, problem.space.arms[arm] as SearchArm);
}

function contendersOf(belief: Belief): Candidate[] {
  const shippable = belief.measured.filter((one) => one.feasible >= SHIPS_FEASIBLE);
  return bestFirst(shippable).slice(0, CONTENDERS);
}

function bestFirst(candidates: readonly Candidate[]): Candidate[] {
  return candidates.toSorted((a, b) => b.mean - a.mean || a.arm - b.arm);
}

/**
 * The expected growth of the best posterior mean by one more measurement (the knowledge
 * gradient for correlated beliefs; Frazier, Powell and Dayanik 2009), over a grid of
 * what the measurement may say. A logarithm: 0.01 is 1 %.
 */
function knowledgeGradient(
  belief: Pick<Belief, 'covariance' | 'noiseSd'>,
  candidate: Candidate,
  contenders: readonly Candidate[],
): number {
  const scale = Math.sqrt(candidate.variance + belief.noiseSd ** 2);
  const choices = contenders.some((one) => one.arm === candidate.arm)
    ? contenders
    : [...contenders, candidate];
  const slopes = choices.map((one) => belief.covariance(one, candidate) / scale);
  const best = Math.max(...contenders.map((one) => one.mean));
  let sum = 0;
  for (const z of NORMAL_GRID) {
    let most = -Infinity;
    for (const [at, one] of choices.entries()) {
      most = Math.max(most, one.mean + z * (slopes[at] as number));
    }
    sum += most;
  }
  return sum / NORMAL_GRID.length - best;
}

/** The middles of 31 equally likely parts of the standard normal. */
const NORMAL_GRID = Array.from({ length: 31 }, (_, i) => normalQuantile((i + 0.5) / 31));

/**
 * Whether more measurements would change little: the best contender is within the margin
 * of every other with high probability (Bonferroni over the others), and no unmeasured
 * arm promises more than the margin's tenth.
 */
export function isDecided(
  belief: Belief,
  newcomers: readonly Worth[],
  problem: SearchProblem,
): boolean {
  const [leader, ...others] = contendersOf(belief);
  if (leader === undefined || belief.measured.length === problem.space.arms.length) {
    return leader !== undefined && others.length === 0;
  }
  if ((newcomers[0]?.worth ?? -Infinity) > Math.log(MARGIN / 10)) return false;
  const risk = others.reduce(
    (sum, other) => sum + 1 - probabilityBetter(belief, leader, other, -MARGIN),
    0,
  );
  return risk <= 1 - CONFIDENCE && repeated(problem, leader) >= LEAST_REPEATED;
}

/** What ships was measured at least this often. */
const LEAST_REPEATED = 3;

function repeated({ records, space }: SearchProblem, { arm }: Candidate): number {
  const key = space.arms[arm]?.key;
  return records.filter((record) => record.armKey === key && record.state === 'completed').length;
}
