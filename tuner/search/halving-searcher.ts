import { createRandom } from '../../engine/base/random.ts';
import { differingGroups, encodingOf } from './encoding.ts';
import { fillSpace } from './fill-space.ts';
import {
  DONE,
  MAX_FAILURES,
  measure,
  type Ask,
  type SearchArm,
  type Searcher,
  type SearchProblem,
  type SearchSpace,
} from './searcher.ts';
import { bestMeasured, isOpen, ranked, standings, type Standing } from './standings.ts';

/** Arms that the first round measures once each. */
const FIRST_ROUND = 20;
/** How many of the best are then measured this often: fewer and fewer, more and more. */
const RUNGS = [
  { survivors: 8, repetitions: 2 },
  { survivors: 4, repetitions: 3 },
  { survivors: 2, repetitions: 4 },
] as const;

/**
 * The default first, then a space-filling first round, then successive halving
 * (Karnin, Koren and Somekh 2013) where fidelity is the number of repetitions,
 * never a shorter trial; then the unmeasured neighbours of the best arm, one
 * decision away, until it has none. May be stopped at any time.
 */
export const halvingSearcher: Searcher = Object.freeze({
  name: 'halving',
  ask: (problem: SearchProblem): Ask => {
    const known = standings(problem.records, problem.constraints);
    return (
      askFirstRound(problem, known) ??
      askRungs(known) ??
      askNeighbours(problem.space, known) ??
      DONE
    );
  },
  recommend: bestMeasured,
});

type Known = ReadonlyMap<string, Standing>;

function askFirstRound(problem: SearchProblem, known: Known): Ask | null {
  const next = firstRound(problem.space, problem.seed).find((arm) => isOpen(arm.key, known));
  return next === undefined ? null : measure(next.key);
}

function askRungs(known: Known): Ask | null {
  const order = ranked(known);
  for (const rung of RUNGS) {
    for (const standing of order.slice(0, rung.survivors)) {
      const missing = rung.repetitions - standing.completed;
      if (missing > 0 && standing.failed < MAX_FAILURES) return measure(standing.armKey, missing);
    }
  }
  return null;
}

function askNeighbours(space: SearchSpace, known: Known): Ask | null {
  const best = ranked(known)[0];
  const encoding = encodingOf(space);
  const centre = encoding.indexByKey.get(best?.armKey ?? '');
  if (centre === undefined) return null;
  const next = space.arms.find(
    (arm, index) => isOpen(arm.key, known) && differingGroups(encoding, index, centre).size === 1,
  );
  return next === undefined ? null : measure(next.key);
}

/**
 * The default, every split of the cores and every file (precision, passes) at the
 * default's other settings, then a space-filling rest drawn by the seed.
 */
function firstRound(space: SearchSpace, seed: number): readonly SearchArm[] {
  const encoding = encodingOf(space);
  const base = encoding.indexByKey.get(space.defaultArm.key) ?? 0;
  const differOnlyIn = (group: string): SearchArm[] =>
    space.arms.filter((_, index) => {
      const groups = differingGroups(encoding, index, base);
      return groups.size === 1 && groups.has(group);
    });
  const named = [space.defaultArm, ...differOnlyIn('cores'), ...differOnlyIn('file')];
  return fillSpace(space, named.slice(0, FIRST_ROUND), {
    candidates: createRandom(seed, 'first round').shuffled(space.arms),
    count: FIRST_ROUND,
  });
}
