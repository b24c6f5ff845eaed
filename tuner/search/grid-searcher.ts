import { DONE, measure, type Ask, type Searcher, type SearchProblem } from './searcher.ts';
import { bestMeasured, isOpen, standings } from './standings.ts';

/** Every arm once, in the order of the space: for recording all of it. */
export const gridSearcher: Searcher = Object.freeze({
  name: 'grid',
  ask: ({ space, records, constraints }: SearchProblem): Ask => {
    const known = standings(records, constraints);
    const next = [space.defaultArm, ...space.arms].find((arm) => isOpen(arm.key, known));
    return next === undefined ? DONE : measure(next.key);
  },
  recommend: bestMeasured,
});
