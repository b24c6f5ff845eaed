import { createRandom } from '../../engine/base/random.ts';

/**
 * The order of the four trials of a block. Either cancels what drifts linearly, for
 * both sides stand at the same place on average.
 */
export type BlockOrder = 'ABBA' | 'BAAB';

/**
 * Orders for `count` blocks. Each two neighbours are one ABBA and one BAAB in an order
 * drawn by the seed, so that any beginning of the plan is balanced to within one block,
 * and a longer plan begins with the shorter one.
 */
export function planBlocks(count: number, seed: number): readonly BlockOrder[] {
  const random = createRandom(seed, 'comparison blocks');
  const pairs = Array.from({ length: Math.ceil(count / 2) }, () =>
    random.shuffled<BlockOrder>(['ABBA', 'BAAB']),
  );
  return pairs.flat().slice(0, count);
}

/**
 * mean log B - mean log A of one block: the logarithm of the ratio of geometric means.
 * `values` in the order in which they were measured, all positive, in any one unit.
 */
export function blockLogRatio(
  order: BlockOrder,
  values: readonly [number, number, number, number],
): number {
  const wrong = values.find((value) => !(value > 0 && value < Infinity));
  if (wrong !== undefined) {
    throw new RangeError(`a ratio needs positive, finite values, not ${wrong}`);
  }
  const [first, second, third, fourth] = values.map(Math.log) as [number, number, number, number];
  const innerOverOuter = (second + third - first - fourth) / 2;
  return order === 'ABBA' ? innerOverOuter : -innerOverOuter;
}
