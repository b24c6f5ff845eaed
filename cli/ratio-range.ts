import { ratioInterval } from '../engine/base/statistics.ts';
import type { RatioRange } from '../reports/nightly/trend-view.ts';

const CONFIDENCE = 0.95;

/** The mean ratio of blocks from their logarithms; a side that too few blocks leave open is null. */
export function ratioRange(logRatios: readonly number[]): RatioRange {
  const { value, low, high } = ratioInterval(logRatios, CONFIDENCE);
  return { value, low: low > 0 ? low : null, high: Number.isFinite(high) ? high : null };
}
