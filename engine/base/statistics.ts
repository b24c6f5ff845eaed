import {
  coefficientOfVariation,
  mean,
  median,
  medianAbsoluteDeviation,
  sampleStandardDeviation,
} from 'simple-statistics';

/** A point estimate and its confidence interval, in the unit of the data. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** Summary of a sample; `sd` is 0 for a single value, `mad` is unscaled. */
export interface Summary {
  readonly count: number;
  readonly mean: number;
  readonly sd: number;
  readonly mad: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** Summarizes at least one finite value. O(n log n); the input is left as it is. */
export function summarize(values: ArrayLike<number>): Summary {
  const sorted = Float64Array.from(values).sort();
  const plain = Array.from(sorted);
  return {
    count: sorted.length,
    mean: mean(plain),
    sd: sorted.length < 2 ? 0 : sampleStandardDeviation(plain),
    mad: medianAbsoluteDeviation(plain),
    p50: quantileOfSorted(sorted, 0.5),
    p90: quantileOfSorted(sorted, 0.9),
    p95: quantileOfSorted(sorted, 0.95),
    p99: quantileOfSorted(sorted, 0.99),
    p999: quantileOfSorted(sorted, 0.999),
    max: sorted[sorted.length - 1] as number,
  };
}

export { coefficientOfVariation, mean, median, sampleStandardDeviation };

/**
 * Quantile of ascending values by linear interpolation: type 7 of Hyndman and
 * Fan, "Sample Quantiles in Statistical Packages" (1996), the default of R and
 * NumPy. simple-statistics averages instead of interpolating, so this is ours.
 */
export function quantileOfSorted(sorted: ArrayLike<number>, probability: number): number {
  if (sorted.length === 0) throw new RangeError('a quantile needs at least one value');
  const position = (sorted.length - 1) * probability;
  const below = Math.floor(position);
  const low = sorted[below] as number;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] as number;
  return low + (high - low) * (position - below);
}

/**
 * Student's t interval for the mean of independent values; `confidence` such as
 * 0.95. With fewer than two values the interval is unbounded.
 */
export function meanInterval(values: readonly number[], confidence: number): Estimate {
  const value = mean([...values]);
  if (values.length < 2) return { value, low: -Infinity, high: Infinity };
  const half =
    (studentQuantile((1 + confidence) / 2, values.length - 1) *
      sampleStandardDeviation([...values])) /
    Math.sqrt(values.length);
  return { value, low: value - half, high: value + half };
}

/**
 * Interval for a ratio from the logarithms of independent ratios: Student's t
 * on the logs, exponentiated.
 */
export function ratioInterval(logRatios: readonly number[], confidence: number): Estimate {
  const { value, low, high } = meanInterval(logRatios, confidence);
  return { value: Math.exp(value), low: Math.exp(low), high: Math.exp(high) };
}

/**
 * Quantile of Student's t distribution for p in (0, 1), by bisection of its
 * upper tail I(x; df/2, 1/2)/2 with x = df / (df + t^2) (Abramowitz and Stegun
 * 26.7.1). Relative error below 1e-10 for df from 1 to 1e4.
 */
export function studentQuantile(p: number, degreesOfFreedom: number): number {
  if (!(p > 0 && p < 1)) throw new RangeError(`a probability lies between 0 and 1, not ${p}`);
  if (p === 0.5) return 0;
  // Of the two tails the small one: 1 - p is exact from 0.5 on.
  const quantile = upperStudentQuantile(Math.min(p, 1 - p), degreesOfFreedom);
  return p < 0.5 ? -quantile : quantile;
}

function upperStudentQuantile(probability: number, degreesOfFreedom: number): number {
  const tail = (t: number): number => {
    const x = degreesOfFreedom / (degreesOfFreedom + t * t);
    return regularizedIncompleteBeta(x, degreesOfFreedom / 2, 0.5) / 2;
  };
  let high = 1;
  while (tail(high) > probability) high *= 2;
  let low = 0;
  for (let i = 0; i < 200 && high - low > 1e-12 * high; i += 1) {
    const middle = (low + high) / 2;
    if (tail(middle) > probability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * I(x; a, b) for x in [0, 1] and a, b > 0: the continued fraction of DLMF
 * 8.17.22, evaluated by Lentz's method, on the side where it converges fast.
 */
export function regularizedIncompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - regularizedIncompleteBeta(1 - x, b, a);
  const logFront =
    logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x);
  return (Math.exp(logFront) / a) * betaContinuedFraction(x, a, b);
}

function betaContinuedFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300;
  const guard = (value: number): number => (Math.abs(value) < tiny ? tiny : value);
  let c = 1;
  let d = 1 / guard(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m <= 500; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / guard(1 + even * d);
    c = guard(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / guard(1 + odd * d);
    c = guard(1 + odd / c);
    const step = d * c;
    fraction *= step;
    if (Math.abs(step - 1) < 1e-15) break;
  }
  return fraction;
}

/**
 * log Gamma(x) for x > 0: Stirling's series (DLMF 5.11.1) after shifting the
 * argument to at least 10, relative error below 1e-14.
 */
function logGamma(x: number): number {
  let shift = 0;
  let z = x;
  while (z < 10) {
    shift += Math.log(z);
    z += 1;
  }
  const inverse = 1 / (z * z);
  const series =
    (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse * (1 / 1680 - inverse / 1188)))) /
    z;
  return (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + series - shift;
}
