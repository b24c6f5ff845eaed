import { expect, test } from 'vitest';
import { cholesky, solvePositive } from '../../../suites/inspection/training/linear-algebra.ts';

test('the Cholesky factor of a matrix, by hand', () => {
  // [[4, 2], [2, 5]] = L L' with L = [[2, 0], [1, 2]].
  const factor = cholesky(Float64Array.of(4, 2, 2, 5), 2);
  expect([factor[0], factor[2], factor[3]]).toEqual([2, 1, 2]);
});

test('a system of two unknowns and two right sides, by hand', () => {
  // 4x + 2y = 10, 2x + 5y = 13: x = 1.5, y = 2; and for (2, 1): x = 0.5, y = 0.
  const a = Float64Array.of(4, 2, 2, 5);
  const x = solvePositive(a, Float64Array.of(10, 2, 13, 1), { n: 2, m: 2 });
  const expected = [1.5, 0.5, 2, 0];
  for (const [index, value] of expected.entries()) expect(x[index]).toBeCloseTo(value, 12);
  expect([...a]).toEqual([4, 2, 2, 5]);
});

test('a matrix that is not positive definite is refused', () => {
  expect(() => cholesky(Float64Array.of(1, 2, 2, 1), 2)).toThrow(/not positive definite/);
});
