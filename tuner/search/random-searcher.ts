import { createRandom } from '../../engine/base/random.ts';
import { DONE, measure, type Ask, type Searcher, type SearchProblem } from './searcher.ts';
import { bestMeasured, isOpen, standings } from './standings.ts';

/** The default, then every other arm once, in an order drawn by the seed. */
export const randomSearcher: Searcher = Object.freeze({
  name: 'random',
  ask: ({ space, seed, records, constraints }: SearchProblem): Ask => {
    const known = standings(records, constraints);
    const order = [space.defaultArm, ...createRandom(seed, 'random search').shuffled(space.arms)];
    const next = order.find((arm) => isOpen(arm.key, known));
    return next === undefined ? DONE : measure(next.key);
  },
  recommend: bestMeasured,
});
