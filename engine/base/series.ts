import { dipOfSorted } from './dip.ts';
import {
  coefficientOfVariation as spread,
  median,
  quantileOfSorted,
  regularizedIncompleteBeta,
} from './statistics.ts';

/**
 * Whether a series of measurements is one thing measured often: independent from one
 * to the next, level from beginning to end, narrow, and around one value.
 */

/**
 * Levels of sqrt(n) x dip, from seeded draws of 100 to 50,000 values: uniform samples, the
 * hardest unimodal ones, stay below the first in 99.9 %, normal, exponential, gamma and
 * lognormal ones below the second in 98 %.
 */
const SIGNIFICANT_DIP = 0.76;
const SUSPICIOUS_DIP = 0.42;
/** Chance at which a valley may come about in a density that has none. */
const VALLEY_LEVEL = 0.001;
/** A valley counts when its dip is at least this: about that of a mode of 7 % of the samples. */
const LEAST_DIP = 0.02;

/**
 * The correlation of neighbours: r1 of Box and Jenkins, "Time Series Analysis",
 * section 2.1.5, with the mean and the sum of squares of the whole series. Near 0 for
 * independent values, towards 1 for a drifting series. Null for fewer than three values
 * or for constant ones, which have none.
 */
export function lagOneAutocorrelation(values: readonly number[]): number | null {
  if (values.length < 3) return null;
  const center = values.reduce((sum, value) => sum + value, 0) / values.length;
  const deviations = values.map((value) => value - center);
  const squares = deviations.reduce((sum, deviation) => sum + deviation ** 2, 0);
  // What rounding leaves of a constant series is not variation.
  if (squares <= values.length * (1e-12 * center) ** 2) return null;
  const products = deviations
    .slice(1)
    .reduce((sum, deviation, index) => sum + deviation * (deviations[index] as number), 0);
  return products / squares;
}

/**
 * Median of the second half over median of the first; 1 without drift. The middle value
 * of an odd count belongs to neither half. Null for fewer than two values or for a first
 * half around 0.
 */
export function halfToHalfRatio(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  const half = Math.floor(values.length / 2);
  const first = median(values.slice(0, half));
  return first === 0 ? null : median(values.slice(values.length - half)) / first;
}

/** Sample standard deviation over mean. Null for fewer than two values or a mean of 0. */
export function coefficientOfVariation(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  const ratio = spread([...values]);
  return Number.isFinite(ratio) ? ratio : null;
}

/**
 * The number of clearly separate modes, at least 1: the dip test of Hartigan and Hartigan
 * (1985) at its 0.1 % level, or at a lower one where a valley can be seen as well; and
 * where it splits the samples, the same again on either side. Noise and long tails are no
 * modes, nor is a group of under about 7 % of the samples. Equal values, which a coarse
 * clock gives, are first spread over the smallest step between distinct ones, so that
 * neighbouring ticks are one mode. Any finite values, at least one; O(n log n), 0.1 to
 * 0.2 s for 200,000 values.
 */
export function countModes(values: ArrayLike<number>): number {
  if (values.length === 0) throw new RangeError('modes need at least one value');
  return modesOfSorted(untied(Float64Array.from(values).sort()), values.length);
}

function modesOfSorted(sorted: Float64Array, total: number): number {
  const { statistic, split } = dipOfSorted(sorted);
  const [left, right] = [sorted.subarray(0, split), sorted.subarray(split)];
  const matters = statistic * sorted.length > LEAST_DIP * total;
  if (!matters || left.length === 0 || right.length === 0) return 1;
  const scaled = statistic * Math.sqrt(sorted.length);
  if (scaled < SUSPICIOUS_DIP) return 1;
  if (scaled < SIGNIFICANT_DIP && !hasValley(sorted, left, right)) return 1;
  return modesOfSorted(left, total) + modesOfSorted(right, total);
}

/**
 * Whether the middle third of the way between the two groups' medians holds fewer samples
 * than the third on either side: two sign tests. A density without a valley is no lower in
 * the middle than on one of the sides.
 */
function hasValley(sorted: Float64Array, left: Float64Array, right: Float64Array): boolean {
  const [from, to] = [quantileOfSorted(left, 0.5), quantileOfSorted(right, 0.5)];
  const counts = [0, 0, 0] as [number, number, number];
  for (const value of sorted) {
    if (value < from || value >= to) continue;
    const third = Math.min(2, Math.floor((3 * (value - from)) / (to - from))) as 0 | 1 | 2;
    counts[third] += 1;
  }
  const rarer = (side: number): boolean =>
    // The chance of so few heads: a binomial sum as I(1/2; side, middle + 1) (DLMF 8.17.5).
    side > 0 && regularizedIncompleteBeta(0.5, side, counts[1] + 1) < VALLEY_LEVEL;
  return rarer(counts[0]) && rarer(counts[2]);
}

/** Spreads each group of equal values evenly over the smallest step between distinct ones. */
function untied(sorted: Float64Array): Float64Array {
  const step = smallestStep(sorted);
  if (!Number.isFinite(step)) return sorted;
  const result = new Float64Array(sorted.length);
  for (let start = 0; start < sorted.length;) {
    const value = sorted[start] as number;
    let end = start + 1;
    while (end < sorted.length && sorted[end] === value) end += 1;
    for (let i = start; i < end; i += 1) {
      result[i] = value + step * ((i - start + 0.5) / (end - start) - 0.5);
    }
    start = end;
  }
  return result;
}

/** Infinity where all values are equal. */
function smallestStep(sorted: Float64Array): number {
  let step = Infinity;
  for (let i = 1; i < sorted.length; i += 1) {
    const gap = (sorted[i] as number) - (sorted[i - 1] as number);
    if (gap > 0 && gap < step) step = gap;
  }
  return step;
}
