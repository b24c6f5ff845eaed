/**
 * How the values of one activation are spread, gathered in one pass and bounded
 * memory. The bins lie evenly over [-halfRange, halfRange), which is always the
 * smallest power of two above every magnitude seen. So bin widths are powers of
 * two, finding a bin is exact, and doubling the range joins bins in pairs: the
 * result depends on the values alone, neither on their order nor on how they were
 * divided between histograms. Exact zeros are counted apart, since quantization
 * keeps them exactly: after a ReLU they would hide everything else.
 *
 * With 8192 bins at least 2048 lie between 0 and the largest magnitude, which is
 * what TensorRT's calibration uses. 64 KiB each.
 */
export class ActivationHistogram {
  /** Values other than zero by bin; the first bin starts at `-halfRange`. */
  readonly #bins: Float64Array;
  readonly #totals: Totals;
  #halfRange: number;

  constructor(options: { readonly binCount?: number } = {}) {
    const { binCount = DEFAULT_BIN_COUNT } = options;
    if (!Number.isInteger(binCount / 4) || binCount < 4) {
      throw new RangeError(`the number of bins must be a multiple of 4, ${binCount} was given`);
    }
    this.#bins = new Float64Array(binCount);
    this.#totals = { min: Infinity, max: -Infinity, zeroCount: 0, count: 0, nonFiniteCount: 0 };
    this.#halfRange = LEAST_HALF_RANGE;
  }

  /** Takes up the values; they are only read. O(values). */
  add(values: Float32Array | Float64Array): void {
    let start = 0;
    while (start < values.length) {
      start = this.#addWhileInRange(values, start);
      if (start < values.length) this.#addBeyondRange(values[start] ?? 0);
      start += 1;
    }
  }

  /** Takes up all that `other` has seen. The number of bins must be equal. */
  addHistogram(other: PlainHistogram): void {
    if (other.bins.length !== this.#bins.length) {
      throw new RangeError(
        `histograms of ${other.bins.length} and ${this.#bins.length} bins cannot be merged`,
      );
    }
    while (this.#halfRange < other.halfRange) this.#double();
    const copy = other.bins.slice();
    for (let range = other.halfRange; range < this.#halfRange; range *= 2) joinPairs(copy);
    for (const [index, count] of copy.entries())
      this.#bins[index] = (this.#bins[index] ?? 0) + count;
    const totals = this.#totals;
    totals.min = Math.min(totals.min, other.min);
    totals.max = Math.max(totals.max, other.max);
    totals.zeroCount += other.zeroCount;
    totals.count += other.count;
    totals.nonFiniteCount += other.nonFiniteCount;
  }

  /** What survives a structured clone; the bins are a copy. */
  toPlain(): PlainHistogram {
    return { ...this.#totals, halfRange: this.#halfRange, bins: this.#bins.slice() };
  }

  /** Gives where it met a value outside the range or not finite, or the length. */
  #addWhileInRange(values: Float32Array | Float64Array, start: number): number {
    const bins = this.#bins;
    const half = bins.length / 2;
    const limit = this.#halfRange;
    // A power of two: the product below is exact.
    const binsPerUnit = half / limit;
    const totals = this.#totals;
    let { min, max } = totals;
    let zeros = 0;
    let index = start;
    for (; index < values.length; index += 1) {
      const value = values[index] as number;
      // False for NaN too.
      if (!(value > -limit && value < limit)) break;
      if (value < min) min = value;
      if (value > max) max = value;
      zeros += value === 0 ? 1 : 0;
      const bin = (Math.floor(value * binsPerUnit) + half) | 0;
      bins[bin] = (bins[bin] as number) + 1;
    }
    // No branch on zero in the loop: half of a ReLU's outputs are, unpredictably.
    bins[half] = (bins[half] ?? 0) - zeros;
    totals.zeroCount += zeros;
    totals.count += index - start;
    totals.min = min;
    totals.max = max;
    return index;
  }

  #addBeyondRange(value: number): void {
    if (!(Math.abs(value) < MOST_HALF_RANGE)) {
      this.#totals.nonFiniteCount += 1;
      return;
    }
    while (Math.abs(value) >= this.#halfRange) this.#double();
    this.#addWhileInRange(Float64Array.of(value), 0);
  }

  #double(): void {
    if (this.#totals.count > this.#totals.zeroCount) joinPairs(this.#bins);
    this.#halfRange *= 2;
  }
}

const DEFAULT_BIN_COUNT = 8192;
/** Smallest normal float32: what is all below needs no scale of its own. */
const LEAST_HALF_RANGE = 2 ** -126;
/** First power of two beyond float32: what reaches it counts as not finite. */
const MOST_HALF_RANGE = 2 ** 128;

interface Totals {
  /** Infinity before the first value. */
  min: number;
  /** Minus infinity before the first value. */
  max: number;
  /** Finite values, zeros among them. */
  count: number;
  zeroCount: number;
  /** NaN, infinities and what is beyond float32: in no other figure. */
  nonFiniteCount: number;
}

export interface PlainHistogram extends Readonly<Totals> {
  /** A power of two above every magnitude. */
  readonly halfRange: number;
  /** Counts of values other than 0 over [-halfRange, halfRange), of equal width. */
  readonly bins: Float64Array;
}

/** The opposite of `toPlain`. The bins are copied. */
export function histogramFromPlain(plain: PlainHistogram): ActivationHistogram {
  const histogram = new ActivationHistogram({ binCount: plain.bins.length });
  histogram.addHistogram(plain);
  return histogram;
}

/** What one histogram would be that had been given everything. Both stay as they are. */
export function mergeHistograms(a: PlainHistogram, b: PlainHistogram): PlainHistogram {
  const merged = histogramFromPlain(a);
  merged.addHistogram(b);
  return merged.toPlain();
}

/** To bins of twice the width around the same zero: the outer half becomes empty. */
function joinPairs(bins: Float64Array): void {
  const quarter = bins.length / 4;
  const joined = new Float64Array(bins.length / 2);
  for (const index of joined.keys()) {
    joined[index] = (bins[2 * index] ?? 0) + (bins[2 * index + 1] ?? 0);
  }
  bins.fill(0);
  bins.set(joined, quarter);
}
