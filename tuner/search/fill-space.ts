import { encodingOf, squaredDistance } from './encoding.ts';
import type { SearchArm, SearchSpace } from './searcher.ts';

/**
 * Adds arms that lie as far as can be from those chosen before (greedy maximin,
 * Gonzalez 1985) until there are `count`; ties go to the first candidate, so that
 * shuffled candidates are drawn by their seed. O(count x candidates).
 */
export function fillSpace(
  space: SearchSpace,
  chosen: readonly SearchArm[],
  options: { readonly candidates: readonly SearchArm[]; readonly count: number },
): SearchArm[] {
  const { candidates, count } = options;
  const encoding = encodingOf(space);
  const indexOf = (arm: SearchArm): number => encoding.indexByKey.get(arm.key) ?? 0;
  const indices = candidates.map(indexOf);
  const nearest = new Float64Array(candidates.length).fill(Infinity);
  const approach = (arm: SearchArm): void => {
    const centre = indexOf(arm);
    for (const [place, index] of indices.entries()) {
      nearest[place] = Math.min(nearest[place] as number, squaredDistance(encoding, index, centre));
    }
  };
  const filled = [...chosen];
  for (const arm of chosen) approach(arm);
  while (filled.length < count) {
    const farthest = nearest.reduce(
      (best, one, at) => (one > (nearest[best] as number) ? at : best),
      0,
    );
    const arm = candidates[farthest];
    if (arm === undefined || nearest[farthest] === 0) break;
    filled.push(arm);
    approach(arm);
  }
  return filled;
}
