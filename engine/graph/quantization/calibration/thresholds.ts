import type { PlainHistogram } from './histogram.ts';
import { entropyRange } from './entropy.ts';
import { leastErrorRange } from './least-error.ts';
import type { Range } from './range.ts';

export type { Range } from './range.ts';

export type CalibrationMethod =
  /** All that was seen. One outlier widens every step. O(1). */
  | { readonly method: 'min-max' }
  /**
   * Leaves `(100 - percentile) / 2` percent of all values outside at either end, zeros
   * counted as values. Where that leaves nothing but 0 all is kept. 99.99 by default. O(bins).
   */
  | { readonly method: 'percentile'; readonly percentile?: number }
  /** See `entropyRange`. O(256 x bins), 10 to 40 ms for 8192 bins. */
  | { readonly method: 'entropy' }
  /** See `leastErrorRange`. It weighs an outlier against the steps of 780 000 others. O(bins), milliseconds. */
  | { readonly method: 'mse' };

const DEFAULT_PERCENTILE = 99.99;

/**
 * The range that an activation is quantized to. It always includes 0, which padding
 * and ReLU need exactly. A histogram without values other than 0 gives [0, 0].
 */
export function calibrationRange(histogram: PlainHistogram, options: CalibrationMethod): Range {
  const seen = fullRange(histogram);
  if (seen.min === seen.max) return seen;
  switch (options.method) {
    case 'min-max':
      return seen;
    case 'percentile':
      return percentileRange(histogram, options.percentile ?? DEFAULT_PERCENTILE);
    case 'entropy':
      return entropyRange(histogram, seen);
    case 'mse':
      return leastErrorRange(histogram, seen);
  }
}

function fullRange({ min, max, count }: PlainHistogram): Range {
  return count === 0 ? { min: 0, max: 0 } : { min: Math.min(0, min), max: Math.max(0, max) };
}

/** As in ONNX Runtime's PercentileCalibrater, which cuts half of the rest at either end. */
function percentileRange(histogram: PlainHistogram, percentile: number): Range {
  if (!(percentile > 0 && percentile <= 100)) {
    throw new RangeError(`the percentile must be in (0, 100], ${percentile} was given`);
  }
  const { bins, halfRange } = histogram;
  const { min, max } = fullRange(histogram);
  const half = bins.length / 2;
  const width = halfRange / half;
  const allowed = (histogram.count * (100 - percentile)) / 200;
  // Edges of the outermost bins that the tails end in: a bin is kept or dropped whole.
  let high = bins.length;
  for (let tail = 0; high > half; high -= 1) {
    tail += bins[high - 1] ?? 0;
    if (tail > allowed) break;
  }
  let low = 0;
  for (let tail = 0; low < half; low += 1) {
    tail += bins[low] ?? 0;
    if (tail > allowed) break;
  }
  if (low === half && high === half) return { min, max };
  return { min: Math.max(min, (low - half) * width), max: Math.min(max, (high - half) * width) };
}
