import { banditSearcher } from './bandit/bandit-searcher.ts';
import { gridSearcher } from './grid-searcher.ts';
import { halvingSearcher } from './halving-searcher.ts';
import { hillClimbSearcher } from './hill-climb-searcher.ts';
import { randomSearcher } from './random-searcher.ts';
import type { Searcher } from './searcher.ts';

/** Every searcher; a new one adds a line here and is held to the conformance suite. */
export const SEARCHERS: readonly Searcher[] = Object.freeze([
  randomSearcher,
  gridSearcher,
  hillClimbSearcher,
  halvingSearcher,
  banditSearcher,
]);

export function findSearcher(name: string): Searcher | undefined {
  return SEARCHERS.find((searcher) => searcher.name === name);
}
