import { choleskyFactor } from '../../../engine/base/linear-algebra.ts';

/** What is added to the diagonal, relative to its mean, when a matrix is not positive definite. */
const FIRST_JITTER = 1e-10;
const JITTER_TRIES = 9;

/**
 * The lower Cholesky factor of a covariance, [n, n]. Duplicated rows make it singular:
 * then the diagonal grows by a jitter, ten times more at each try; null when none of
 * them helps (a matrix with NaN). The input is left as it is.
 */
export function cholesky(matrix: Float64Array, n: number): Float64Array | null {
  let trace = 0;
  for (let i = 0; i < n; i += 1) trace += matrix[i * n + i] as number;
  let jitter = 0;
  for (let tries = 0; tries < JITTER_TRIES; tries += 1) {
    const factor = choleskyFactor(matrix, n, jitter);
    if (factor !== null) return factor;
    jitter = jitter === 0 ? (FIRST_JITTER * trace) / n : 10 * jitter;
  }
  return null;
}
