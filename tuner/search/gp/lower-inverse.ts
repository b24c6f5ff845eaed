import { solveLower } from '../../../engine/base/linear-algebra.ts';

/**
 * The inverse of a lower triangular factor, [n, n], zeros above the diagonal: where many
 * vectors are to be solved for, a product with it is several times faster than a
 * substitution, whose every step waits for the one before. O(n^3).
 */
export function lowerInverse(factor: Float64Array, n: number): Float64Array {
  const inverse = new Float64Array(n * n);
  const column = new Float64Array(n);
  for (let j = 0; j < n; j += 1) {
    column.fill(0);
    column[j] = 1;
    solveLower(factor, n, column);
    for (let i = j; i < n; i += 1) inverse[i * n + j] = column[i] as number;
  }
  return inverse;
}

/** M x for a lower triangular M with zeros above its diagonal. O(n^2 / 2). */
export function timesLower(matrix: Float64Array, n: number, x: Float64Array): Float64Array {
  const product = new Float64Array(n);
  let i = 0;
  // Four rows at once: their sums do not wait for each other.
  for (; i + 3 < n; i += 4) {
    let [a, b, c, d] = [0, 0, 0, 0];
    const [rowA, rowB, rowC, rowD] = [i * n, (i + 1) * n, (i + 2) * n, (i + 3) * n];
    for (let k = 0; k <= i + 3; k += 1) {
      const value = x[k] as number;
      a += (matrix[rowA + k] as number) * value;
      b += (matrix[rowB + k] as number) * value;
      c += (matrix[rowC + k] as number) * value;
      d += (matrix[rowD + k] as number) * value;
    }
    product[i] = a;
    product[i + 1] = b;
    product[i + 2] = c;
    product[i + 3] = d;
  }
  for (; i < n; i += 1) {
    let sum = 0;
    for (let k = 0; k <= i; k += 1) sum += (matrix[i * n + k] as number) * (x[k] as number);
    product[i] = sum;
  }
  return product;
}
