import { regularizedIncompleteBeta } from './statistics.ts';

/**
 * What a finite sample proves about a percentile: the early-stopping rule of
 * MLPerf Inference (LoadGen, `early_stopping.cc`; inference rules, "Early
 * stopping"), and the same order statistics as a bound and as an interval.
 * Percentiles are fractions (0.99), confidences too. Samples must be independent;
 * their distribution may be any. No values are interpolated, so none is invented.
 */

/**
 * Samples over the bound that a certificate allows for at the least. LoadGen
 * sets aside at least one over-latency query, so that its minimums are 64 samples
 * for p90 and 662 for p99, instead of the 44 and 459 of a sample without any.
 */
const LEAST_OVER = 1;

/** Confidence of a certificate: that of MLPerf. */
export const CERTIFICATE_CONFIDENCE = 0.99;

/** An exact interval; a side is null where the sample is too small to bound it. */
export interface QuantileInterval {
  readonly low: number | null;
  readonly high: number | null;
}

/**
 * The value that the percentile does not exceed with at least the given confidence
 * (an upper confidence bound), in the unit of the data: the largest value with
 * exactly `allowedOver` samples after it. Null below the minimum count.
 */
export function certifiedPercentile(
  sortedAscending: ArrayLike<number>,
  percentile: number,
  confidence = CERTIFICATE_CONFIDENCE,
): number | null {
  const count = sortedAscending.length;
  const over = allowedOver(percentile, count, confidence);
  return over === null ? null : (sortedAscending[count - 1 - over] as number);
}

/**
 * Whether it is certified that the percentile is at most a bound which `overCount`
 * of `count` samples exceed. Fewer than `LEAST_OVER` count as that many.
 */
export function holdsBound(
  sample: { readonly count: number; readonly overCount: number },
  percentile: number,
  confidence = CERTIFICATE_CONFIDENCE,
): boolean {
  const allowed = allowedOver(percentile, sample.count, confidence);
  return allowed !== null && sample.overCount <= allowed;
}

/**
 * The smallest count n = h + t at which t samples over a bound still certify the
 * percentile: h is the smallest integer with I(percentile; h, t + 1) <= 1 - confidence.
 * About 2 log2(n) incomplete betas, by doubling and bisection: under 1 ms at t = 1e5.
 */
export function requiredCount(percentile: number, overCount: number, confidence: number): number {
  checkFraction('percentile', percentile);
  checkFraction('confidence', confidence);
  checkCount('overCount', overCount);
  const suffices = (count: number): boolean =>
    chanceOfAtMost(overCount, count, percentile) <= 1 - confidence;
  let high = overCount + 1;
  while (!suffices(high)) high *= 2;
  return smallest(overCount, high, suffices);
}

/**
 * The most samples over a bound at which `count` samples still certify that
 * percentile: the largest t with requiredCount(percentile, t, confidence) <= count.
 * Null where `LEAST_OVER` would already be too many. O(log count) incomplete betas.
 */
export function allowedOver(percentile: number, count: number, confidence: number): number | null {
  const over = mostOver(percentile, count, confidence);
  return over < LEAST_OVER ? null : over;
}

/**
 * The exact two-sided interval of a quantile from order statistics (David and
 * Nagaraja, "Order Statistics", 3rd ed., section 7.1): each side errs with at most
 * half of 1 - confidence.
 */
export function quantileInterval(
  sortedAscending: ArrayLike<number>,
  percentile: number,
  confidence: number,
): QuantileInterval {
  const count = sortedAscending.length;
  const side = (1 + confidence) / 2;
  const over = mostOver(percentile, count, side);
  // The lower side is the upper side of the mirrored sample.
  const under = mostOver(1 - percentile, count, side);
  return {
    low: under < 0 ? null : (sortedAscending[under] as number),
    high: over < 0 ? null : (sortedAscending[count - 1 - over] as number),
  };
}

/** The largest t >= 0 that `count` samples allow, or -1. */
function mostOver(percentile: number, count: number, confidence: number): number {
  checkFraction('percentile', percentile);
  checkFraction('confidence', confidence);
  checkCount('count', count);
  const tooMany = (over: number): boolean =>
    chanceOfAtMost(over, count, percentile) > 1 - confidence;
  return smallest(-1, count, tooMany) - 1;
}

/** The smallest integer in (low, high] that satisfies a monotone condition; `high` does. */
function smallest(low: number, high: number, holds: (value: number) => boolean): number {
  let [fails, passes] = [low, high];
  while (passes - fails > 1) {
    const middle = Math.floor((fails + passes) / 2);
    if (holds(middle)) passes = middle;
    else fails = middle;
  }
  return passes;
}

/**
 * The chance of at most `over` of `count` samples beyond the true percentile:
 * the binomial sum as I(percentile; count - over, over + 1) (DLMF 8.17.5).
 */
function chanceOfAtMost(over: number, count: number, percentile: number): number {
  if (over >= count) return 1;
  return regularizedIncompleteBeta(percentile, count - over, over + 1);
}

function checkFraction(name: string, value: number): void {
  if (!(value > 0 && value < 1)) {
    throw new RangeError(`${name} must lie between 0 and 1, such as 0.99, not ${value}`);
  }
}

function checkCount(name: string, value: number): void {
  if (!(Number.isInteger(value) && value >= 0)) {
    throw new RangeError(`${name} must be a whole number of samples, not ${value}`);
  }
}
