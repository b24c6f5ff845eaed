/** Dense symmetric matrices, row by row in one array of n x n. */

/** What is added to the diagonal, relative to its mean, when a matrix is not positive definite. */
const FIRST_JITTER = 1e-10;
const JITTER_TRIES = 9;

/**
 * The lower Cholesky factor of a symmetric matrix: L L' = A (Golub and Van Loan,
 * "Matrix Computations", algorithm 4.2.1). Duplicated rows make a matrix singular:
 * then the diagonal grows by a jitter, ten times more at each try; null when none
 * of them helps (a matrix with NaN). O(n^3 / 6); the input is left as it is.
 */
export function cholesky(matrix: Float64Array, n: number): Float64Array | null {
  const factor = new Float64Array(n * n);
  let trace = 0;
  for (let i = 0; i < n; i += 1) trace += matrix[i * n + i] as number;
  let jitter = 0;
  for (let tries = 0; tries < JITTER_TRIES; tries += 1) {
    if (factorize(matrix, factor, { n, jitter })) return factor;
    jitter = jitter === 0 ? (FIRST_JITTER * trace) / n : 10 * jitter;
  }
  return null;
}

function factorize(
  matrix: Float64Array,
  factor: Float64Array,
  { n, jitter }: { readonly n: number; readonly jitter: number },
): boolean {
  for (let i = 0; i < n; i += 1) {
    const row = i * n;
    for (let j = 0; j <= i; j += 1) {
      const other = j * n;
      let sum = matrix[row + j] as number;
      for (let k = 0; k < j; k += 1) {
        sum -= (factor[row + k] as number) * (factor[other + k] as number);
      }
      if (i !== j) factor[row + j] = sum / (factor[other + j] as number);
      else if (sum + jitter > 0) factor[row + i] = Math.sqrt(sum + jitter);
      else return false;
    }
  }
  return true;
}

/** Solves L x = b in place, L lower triangular. O(n^2 / 2). */
export function solveLower(factor: Float64Array, n: number, b: Float64Array): Float64Array {
  for (let i = 0; i < n; i += 1) {
    const row = i * n;
    let sum = b[i] as number;
    for (let k = 0; k < i; k += 1) sum -= (factor[row + k] as number) * (b[k] as number);
    b[i] = sum / (factor[row + i] as number);
  }
  return b;
}

/** Solves L' x = b in place, L lower triangular. O(n^2 / 2). */
export function solveUpper(factor: Float64Array, n: number, b: Float64Array): Float64Array {
  for (let i = n - 1; i >= 0; i -= 1) {
    const value = (b[i] as number) / (factor[i * n + i] as number);
    b[i] = value;
    for (let k = 0; k < i; k += 1) {
      b[k] = (b[k] as number) - (factor[i * n + k] as number) * value;
    }
  }
  return b;
}
