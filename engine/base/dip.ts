/**
 * How far a sample is from having one mode. `statistic`: the largest distance of its
 * distribution function from the nearest unimodal one, between 1/(2n) and 1/4; two
 * separate modes of weights w < 1 - w give about w/2. `split`: how many of the values
 * stand before the place where that distance occurs, which is the valley.
 */
export interface Dip {
  readonly statistic: number;
  readonly split: number;
}

/**
 * The dip of at least one ascending value: J. A. Hartigan and P. M. Hartigan, "The Dip
 * Test of Unimodality" (Annals of Statistics 13, 1985), section 5. The convex minorant
 * passes below the steps of the distribution function and the concave majorant above
 * them, both in counts. O(n) a pass; a pass narrows the interval that holds the mode,
 * and a handful suffice.
 */
export function dipOfSorted(sorted: Float64Array): Dip {
  let [low, high, depth, split] = [0, sorted.length - 1, 1, 0];
  while (true) {
    const under = envelope(sorted, { low, high, side: -1 });
    const over = envelope(sorted, { low, high, side: 1 });
    const modal = widest(under, over);
    if (modal.width <= depth) break;
    for (let i = low; i <= modal.low; i += 1) {
      const distance = i + 1 - (under.heights[i - low] as number);
      if (distance > depth) [depth, split] = [distance, i + 1];
    }
    for (let i = modal.high; i <= high; i += 1) {
      const distance = (over.heights[i - low] as number) - i;
      if (distance > depth) [depth, split] = [distance, i];
    }
    if (modal.low === low && modal.high === high) break;
    [low, high] = [modal.low, modal.high];
  }
  return { statistic: depth / (2 * sorted.length), split };
}

interface Envelope {
  /** Index of the first value. */
  readonly low: number;
  /** Indices where the envelope touches the distribution function, ascending. */
  readonly knots: readonly number[];
  /** Its height in counts at each value from `low` on. */
  readonly heights: Float64Array;
}

/** The greatest convex minorant (side -1) or the least concave majorant (side 1). */
function envelope(
  sorted: Float64Array,
  { low, high, side }: { readonly low: number; readonly high: number; readonly side: -1 | 1 },
): Envelope {
  const x = (index: number): number => sorted[index] as number;
  const knots: number[] = [];
  for (let i = low; i <= high; i += 1) {
    while (knots.length >= 2) {
      const [a, b] = [knots[knots.length - 2] as number, knots[knots.length - 1] as number];
      // The slopes must rise along a minorant and fall along a majorant.
      if (side * ((b - a) * (x(i) - x(b)) - (i - b) * (x(b) - x(a))) > 0) break;
      knots.pop();
    }
    knots.push(i);
  }
  return { low, knots, heights: interpolated(sorted, knots, side === 1 ? 1 : 0) };
}

/** Heights on the chords between the knots; `raise` is 1 above a step and 0 below it. */
function interpolated(sorted: Float64Array, knots: readonly number[], raise: number): Float64Array {
  const [first, last] = [knots[0] as number, knots[knots.length - 1] as number];
  const heights = new Float64Array(last - first + 1);
  heights[0] = first + raise;
  for (let k = 1; k < knots.length; k += 1) {
    const [a, b] = [knots[k - 1] as number, knots[k] as number];
    const [left, right] = [sorted[a] as number, sorted[b] as number];
    const slope = right > left ? (b - a) / (right - left) : 0;
    for (let i = a + 1; i < b; i += 1) {
      heights[i - first] = a + raise + slope * ((sorted[i] as number) - left);
    }
    heights[b - first] = b + raise;
  }
  return heights;
}

/**
 * The greatest distance between the envelopes, which occurs at a knot of one of them,
 * and the interval that must hold the mode: from there to the other's next knot.
 */
function widest(
  under: Envelope,
  over: Envelope,
): { readonly width: number; readonly low: number; readonly high: number } {
  const distance = (index: number): number =>
    (over.heights[index - under.low] as number) - (under.heights[index - under.low] as number);
  const best = (knots: readonly number[]): number =>
    knots.reduce((most, knot) => (distance(knot) > distance(most) ? knot : most));
  const [low, high] = [best(under.knots), best(over.knots)];
  if (distance(low) > distance(high)) {
    return { width: distance(low), low, high: over.knots.find((knot) => knot >= low) ?? low };
  }
  const before = under.knots.findLast((knot) => knot <= high) ?? high;
  return { width: distance(high), low: before, high };
}
