import type { PlainHistogram } from './histogram.ts';
import type { Range } from './range.ts';

/**
 * The clipping range at which the quantized distribution tells least apart from the
 * original, by Kullback and Leibler's divergence: S. Migacz, "8-bit inference with
 * TensorRT", GTC 2017, and ONNX Runtime's EntropyCalibrater after it. For each
 * magnitude T the reference P is the histogram cut to [max(min, -T), min(max, T)] with
 * what was cut added to its outermost bins; Q is the cut histogram without that,
 * joined to 256 levels, each level's count spread evenly over the bins where P is
 * not empty.
 *
 * It differs in two ways. Both publications take ranges symmetric about 0, with 128
 * levels a side; here the range ends where the values do, so that after a ReLU all
 * 256 levels are on the side that has values. And exact zeros, which no step moves,
 * take no part, as in TensorRT, which skips the bin at 0. A level that only cut
 * values fall in, where Q would be 0, counts as 1e-4 of a value, as in ONNX Runtime:
 * else a single outlier could never be cut.
 *
 * Prefix sums make a candidate cost its levels instead of its bins:
 * O(256 x bins) logarithms, 10 to 40 ms for 8192 bins.
 */
export function entropyRange(histogram: PlainHistogram, seen: Range): Range {
  const { bins, halfRange } = histogram;
  const half = bins.length / 2;
  const width = halfRange / half;
  const below = Math.ceil(-seen.min / width);
  const above = Math.min(half, Math.floor(seen.max / width) + 1);
  const sums = prefixSums(bins);
  let best = { divergence: Infinity, reach: Math.max(below, above) };
  for (let reach = best.reach; reach >= 1; reach -= 1) {
    const [low, high] = [half - Math.min(reach, below), half + Math.min(reach, above)];
    if (high - low < LEVELS) break;
    const divergence = divergenceOf(bins, sums, { low, high });
    if (divergence < best.divergence) best = { divergence, reach };
  }
  const limit = best.reach * width;
  return { min: Math.max(seen.min, -limit), max: Math.min(seen.max, limit) };
}

const LEVELS = 256;
const LEAST_COUNT = 1e-4;

interface PrefixSums {
  /** Entry i: of the bins before i. */
  readonly counts: Float64Array;
  readonly occupied: Float64Array;
  /** Of count x log(count). */
  readonly logs: Float64Array;
}

function prefixSums(bins: Float64Array): PrefixSums {
  const counts = new Float64Array(bins.length + 1);
  const occupied = counts.slice();
  const logs = counts.slice();
  for (const [index, count] of bins.entries()) {
    counts[index + 1] = at(counts, index) + count;
    occupied[index + 1] = at(occupied, index) + (count > 0 ? 1 : 0);
    logs[index + 1] = at(logs, index) + logTerm(count);
  }
  return { counts, occupied, logs };
}

/** Bins from `low` up to, not including, `high`. */
interface Slice {
  readonly low: number;
  readonly high: number;
}

/**
 * D(P|Q) of the normalized distributions, `sum(p log p) - sum(p log q)`: with P's
 * total n and Q's total m, that is `(A - B) / n + log(m / n)` of the raw counts.
 */
function divergenceOf(bins: Float64Array, sums: PrefixSums, { low, high }: Slice): number {
  const total = at(sums.counts, bins.length);
  const kept = at(sums.counts, high) - at(sums.counts, low);
  const clipped = [
    { bin: low, count: at(sums.counts, low) },
    { bin: high - 1, count: total - at(sums.counts, high) },
  ];
  let own = at(sums.logs, high) - at(sums.logs, low);
  for (const { bin, count } of clipped) {
    own += logTerm(at(bins, bin) + count) - logTerm(at(bins, bin));
  }
  let cross = 0;
  for (let level = 0; level < LEVELS; level += 1) {
    const start = low + Math.floor((level * (high - low)) / LEVELS);
    const end = low + Math.floor(((level + 1) * (high - low)) / LEVELS);
    cross += levelTerm(bins, sums, { slice: { low: start, high: end }, clipped });
  }
  return (own - cross) / total + Math.log(kept / total);
}

interface LevelOptions {
  readonly slice: Slice;
  readonly clipped: readonly { readonly bin: number; readonly count: number }[];
}

/** `sum(p log q)` of one level. */
function levelTerm(
  bins: Float64Array,
  sums: PrefixSums,
  { slice: { low, high }, clipped }: LevelOptions,
): number {
  const kept = at(sums.counts, high) - at(sums.counts, low);
  let occupied = at(sums.occupied, high) - at(sums.occupied, low);
  let reference = kept;
  for (const { bin, count } of clipped) {
    if (count === 0 || bin < low || bin >= high) continue;
    reference += count;
    if (at(bins, bin) === 0) occupied += 1;
  }
  return reference === 0 ? 0 : reference * Math.log(Math.max(kept, LEAST_COUNT) / occupied);
}

function logTerm(count: number): number {
  return count > 0 ? count * Math.log(count) : 0;
}

function at(values: Float64Array, index: number): number {
  return values[index] ?? 0;
}
