/** Dense linear algebra; matrices are row-major Float64Arrays. */

/**
 * The lower Cholesky factor L of a symmetric A, [n, n]: L L' = A (Golub and Van Loan,
 * "Matrix Computations", algorithm 4.2.1). Reads the lower triangle alone and leaves A
 * as it is; what is above the diagonal of L is 0. `jitter` is added to the diagonal.
 * Null when A is not positive definite, or has NaN. O(n^3 / 6).
 */
export function choleskyFactor(matrix: Float64Array, n: number, jitter = 0): Float64Array | null {
  const factor = new Float64Array(n * n);
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
      else return null;
    }
  }
  return factor;
}

/** Solves L x = b in place, L lower triangular, [n, n]. O(n^2 / 2). */
export function solveLower(factor: Float64Array, n: number, b: Float64Array): Float64Array {
  for (let i = 0; i < n; i += 1) {
    const row = i * n;
    let sum = b[i] as number;
    for (let k = 0; k < i; k += 1) sum -= (factor[row + k] as number) * (b[k] as number);
    b[i] = sum / (factor[row + i] as number);
  }
  return b;
}

/** Solves L' x = b in place, L lower triangular, [n, n]. O(n^2 / 2). */
export function solveUpper(factor: Float64Array, n: number, b: Float64Array): Float64Array {
  for (let i = n - 1; i >= 0; i -= 1) {
    let sum = b[i] as number;
    for (let k = i + 1; k < n; k += 1) sum -= (factor[k * n + i] as number) * (b[k] as number);
    b[i] = sum / (factor[i * n + i] as number);
  }
  return b;
}

/**
 * Solves A X = B for a symmetric positive definite A, [n, n], and B, [n, m]. Both are
 * left as they were. Throws RangeError when A is not positive definite.
 */
export function solvePositive(
  a: Float64Array,
  b: Float64Array,
  { n, m }: { readonly n: number; readonly m: number },
): Float64Array {
  const factor = choleskyFactor(a, n);
  if (factor === null) throw new RangeError('the matrix is not positive definite');
  const solution = new Float64Array(n * m);
  const column = new Float64Array(n);
  for (let c = 0; c < m; c += 1) {
    for (let i = 0; i < n; i += 1) column[i] = b[i * m + c] as number;
    solveUpper(factor, n, solveLower(factor, n, column));
    for (let i = 0; i < n; i += 1) solution[i * m + c] = column[i] as number;
  }
  return solution;
}
