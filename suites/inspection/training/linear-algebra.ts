/** Small dense linear algebra; matrices are row-major Float64Arrays. */

/**
 * Solves A X = B for a symmetric positive definite A, [n, n], and B, [n, m], by
 * Cholesky factorization (Golub and Van Loan, algorithm 4.2.1). Both are left
 * as they were. Throws RangeError when A is not positive definite.
 */
export function solvePositive(
  a: Float64Array,
  b: Float64Array,
  size: { readonly n: number; readonly m: number },
): Float64Array {
  const factor = cholesky(a, size.n);
  const x = b.slice();
  substituteForward(factor, x, size);
  substituteBackward(factor, x, size);
  return x;
}

/** The lower triangle L of A = L L'; what is above the diagonal is 0. */
export function cholesky(a: Float64Array, n: number): Float64Array {
  const factor = new Float64Array(n * n);
  for (let i = 0; i < n; i += 1) {
    for (let j = 0; j <= i; j += 1) {
      let rest = a[i * n + j] as number;
      for (let k = 0; k < j; k += 1) {
        rest -= (factor[i * n + k] as number) * (factor[j * n + k] as number);
      }
      if (i === j && !(rest > 0)) throw new RangeError('the matrix is not positive definite');
      factor[i * n + j] = i === j ? Math.sqrt(rest) : rest / (factor[j * n + j] as number);
    }
  }
  return factor;
}

/** X := inverse(L) X. */
function substituteForward(
  factor: Float64Array,
  x: Float64Array,
  { n, m }: { readonly n: number; readonly m: number },
): void {
  for (let i = 0; i < n; i += 1) {
    for (let c = 0; c < m; c += 1) {
      let rest = x[i * m + c] as number;
      for (let k = 0; k < i; k += 1)
        rest -= (factor[i * n + k] as number) * (x[k * m + c] as number);
      x[i * m + c] = rest / (factor[i * n + i] as number);
    }
  }
}

/** X := inverse(L') X. */
function substituteBackward(
  factor: Float64Array,
  x: Float64Array,
  { n, m }: { readonly n: number; readonly m: number },
): void {
  for (let i = n - 1; i >= 0; i -= 1) {
    for (let c = 0; c < m; c += 1) {
      let rest = x[i * m + c] as number;
      for (let k = i + 1; k < n; k += 1) {
        rest -= (factor[k * n + i] as number) * (x[k * m + c] as number);
      }
      x[i * m + c] = rest / (factor[i * n + i] as number);
    }
  }
}
