import {
  mean,
  sampleStandardDeviation,
  studentQuantile,
  type Estimate,
} from '../../engine/base/statistics.ts';

/** The difference of two means, with what its interval rests on. */
export interface WelchDifference extends Estimate {
  /** The difference over its standard error. */
  readonly t: number;
  readonly degreesOfFreedom: number;
}

/** Sessions of each machine that a comparison of machines needs at the least. */
const LEAST_SESSIONS = 5;

/**
 * The ratio B / A of two machines, which cannot take turns: Welch's interval on the
 * logarithms of their sessions' means, exponentiated. It speaks of these two units and
 * not of their models. Throws a RangeError below `LEAST_SESSIONS` sessions of either, or
 * where a mean is not positive.
 */
export function independentRatio(
  sessions: { readonly a: readonly number[]; readonly b: readonly number[] },
  confidence: number,
): Estimate {
  const difference = welchDifference(logs('A', sessions.a), logs('B', sessions.b), { confidence });
  return {
    value: Math.exp(difference.value),
    low: Math.exp(difference.low),
    high: Math.exp(difference.high),
  };
}

function logs(name: string, means: readonly number[]): number[] {
  if (means.length < LEAST_SESSIONS) {
    throw new RangeError(
      `${name} has ${means.length} sessions; a comparison needs at least ${LEAST_SESSIONS}`,
    );
  }
  const wrong = means.find((value) => !(value > 0 && value < Infinity));
  if (wrong !== undefined) throw new RangeError(`${name} has a session of ${wrong}`);
  return means.map(Math.log);
}

/**
 * mean(b) - mean(a) of independent samples whose variances may differ: B. L. Welch, "The
 * Generalization of 'Student's' Problem when Several Different Population Variances are
 * Involved" (Biometrika 34, 1947), with the degrees of freedom of Welch and Satterthwaite.
 * At least two values each.
 */
export function welchDifference(
  a: readonly number[],
  b: readonly number[],
  { confidence }: { readonly confidence: number },
): WelchDifference {
  if (a.length < 2 || b.length < 2) throw new RangeError('a variance needs two values');
  const value = mean([...b]) - mean([...a]);
  const [ofA, ofB] = [squaredError(a), squaredError(b)];
  const error = Math.sqrt(ofA + ofB);
  if (error === 0) {
    // Nothing varies: t is unbounded but for equal means, and there is no width.
    const t = value === 0 ? 0 : value * Infinity;
    return { value, low: value, high: value, t, degreesOfFreedom: a.length + b.length - 2 };
  }
  const degreesOfFreedom =
    (ofA + ofB) ** 2 / (ofA ** 2 / (a.length - 1) + ofB ** 2 / (b.length - 1));
  const half = studentQuantile((1 + confidence) / 2, degreesOfFreedom) * error;
  return { value, low: value - half, high: value + half, t: value / error, degreesOfFreedom };
}

/** The squared standard error of the mean. */
function squaredError(values: readonly number[]): number {
  return sampleStandardDeviation([...values]) ** 2 / values.length;
}
