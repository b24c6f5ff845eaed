import { solveLower, solveUpper } from '../../../engine/base/linear-algebra.ts';
import { cholesky } from './cholesky.ts';
import { lowerInverse, timesLower } from './lower-inverse.ts';
import { covariance, type Kernel } from './kernel.ts';
import type { GroupedSpace } from './grouped-space.ts';
import type { GroupEffects } from './effects.ts';

/** Measurements of arms, in their order. */
export interface Rows {
  /** Index of each row's arm. */
  readonly arms: Int32Array;
  /** The modelled logarithm. */
  readonly values: Float64Array;
}

export interface NoiseParameters {
  /** Standard deviation of one measurement of an arm. */
  readonly noiseSd: number;
  /** Standard deviation of the drift that all arms share, and over how many rows it forgets. */
  readonly driftSd: number;
  readonly driftRows: number;
}

/** What is believed of some arms: means, and how their errors go together. */
export interface GaussianProcess {
  /** log p(values) of the rows. */
  readonly logEvidence: number;
  mean(arm: number): number;
  /** Posterior over arms, each with its projection (see `project`). */
  predict(arm: number): Prediction;
}

export interface Prediction {
  readonly mean: number;
  readonly variance: number;
  /** L^-1 k(rows, arm): the posterior covariance of two arms is k - u.v. */
  readonly projection: Float64Array;
}

export interface Model {
  readonly space: GroupedSpace;
  readonly effects: readonly GroupEffects[];
  readonly kernel: Kernel;
  readonly noise: NoiseParameters;
  /** The value that all arms lie about. */
  readonly level: number;
}

/**
 * Exact Gaussian process regression (Rasmussen and Williams 2006, algorithm 2.1) of
 * rows that share, besides the effect of their arm, a drift g(t) over their order
 * with covariance s^2 exp(-|i - j| / tau): repeated arms tell it from their effects.
 * Predictions are of the arm alone. Null when the rows cannot be factorized.
 */
export function condition(model: Model, rows: Rows): GaussianProcess | null {
  const n = rows.arms.length;
  const factor = cholesky(rowCovariance(model, rows), n);
  if (factor === null) return null;
  const { kernel, space } = model;
  const residual = Float64Array.from(
    rows.values,
    (value, i) => value - priorMean(model, rows.arms[i] as number),
  );
  const whitened = solveLower(factor, n, Float64Array.from(residual));
  const weights = solveUpper(factor, n, Float64Array.from(whitened));
  // Evidence alone, as while fitting, needs none.
  let inverse: Float64Array | null = null;
  const cross = (arm: number): Float64Array => {
    const column = new Float64Array(n);
    for (let i = 0; i < n; i += 1) {
      const other = (rows.arms[i] as number) * kernel.groups;
      column[i] = covariance(kernel, space.codes, arm * kernel.groups, other);
    }
    return column;
  };
  const meanFrom = (arm: number, column: Float64Array): number =>
    priorMean(model, arm) + dot(column, weights);
  return {
    logEvidence: logEvidence(factor, whitened),
    mean: (arm) => meanFrom(arm, cross(arm)),
    predict: (arm) => {
      const column = cross(arm);
      const mean = meanFrom(arm, column);
      const own = covariance(kernel, space.codes, arm * kernel.groups, arm * kernel.groups);
      const projection = timesLower((inverse ??= lowerInverse(factor, n)), n, column);
      return { mean, variance: Math.max(own - dot(projection, projection), 1e-12), projection };
    },
  };
}

/** Posterior covariance of two arms. */
export function posteriorCovariance(
  { kernel, space }: Model,
  a: { readonly arm: number; readonly projection: Float64Array },
  b: { readonly arm: number; readonly projection: Float64Array },
): number {
  const prior = covariance(kernel, space.codes, a.arm * kernel.groups, b.arm * kernel.groups);
  return prior - dot(a.projection, b.projection);
}

function rowCovariance({ kernel, space, noise }: Model, { arms }: Rows): Float64Array {
  const n = arms.length;
  const matrix = new Float64Array(n * n);
  const drift = Float64Array.from(
    { length: n },
    (_, lag) => noise.driftSd ** 2 * Math.exp(-lag / noise.driftRows),
  );
  for (let i = 0; i < n; i += 1) {
    const own = (arms[i] as number) * kernel.groups;
    for (let j = 0; j <= i; j += 1) {
      const other = (arms[j] as number) * kernel.groups;
      const value = covariance(kernel, space.codes, own, other) + (drift[i - j] as number);
      matrix[i * n + j] = value;
      matrix[j * n + i] = value;
    }
    matrix[i * n + i] = (matrix[i * n + i] as number) + noise.noiseSd ** 2;
  }
  return matrix;
}

/** The known effects alone. */
export function priorMean(
  { space, effects, level }: Pick<Model, 'space' | 'effects' | 'level'>,
  arm: number,
): number {
  const size = space.groups.length;
  return effects.reduce(
    (sum, { mean }, g) => sum + (mean[space.codes[arm * size + g] as number] as number),
    level,
  );
}

/** Rasmussen and Williams, equation 2.30. */
function logEvidence(factor: Float64Array, whitened: Float64Array): number {
  const n = whitened.length;
  let sum = -0.5 * dot(whitened, whitened) - (n / 2) * Math.log(2 * Math.PI);
  for (let i = 0; i < n; i += 1) sum -= Math.log(factor[i * n + i] as number);
  return sum;
}

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += (a[i] as number) * (b[i] as number);
  return sum;
}
