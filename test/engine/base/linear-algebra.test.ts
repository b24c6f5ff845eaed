import { expect, test } from 'vitest';
import {
  choleskyFactor,
  solveLower,
  solvePositive,
  solveUpper,
} from '../../../engine/base/linear-algebra.ts';

// [[4, 2], [2, 5]] = L L' with L = [[2, 0], [1, 2]].
const MATRIX = Float64Array.of(4, 2, 2, 5);
const FACTOR = Float64Array.of(2, 0, 1, 2);

test('the Cholesky factor of a matrix, by hand', () => {
  expect(choleskyFactor(MATRIX, 2)).toEqual(FACTOR);
});

test('the upper triangle is not read, and the matrix is left as it is', () => {
  const matrix = Float64Array.of(4, NaN, 2, 5);
  expect(choleskyFactor(matrix, 2)).toEqual(FACTOR);
  expect(matrix).toEqual(Float64Array.of(4, NaN, 2, 5));
});

test('the jitter is added to the diagonal', () => {
  expect(choleskyFactor(Float64Array.of(3, 2, 2, 4), 2, 1)).toEqual(FACTOR);
});

test('a matrix that is not positive definite has no factor', () => {
  expect(choleskyFactor(Float64Array.of(1, 2, 2, 1), 2)).toBeNull();
  expect(choleskyFactor(Float64Array.of(NaN, 0, 0, 1), 2)).toBeNull();
});

test('triangular systems in place, by hand', () => {
  // 2x = 8, x + 2y = 12: x = 4, y = 4.
  const lower = Float64Array.of(8, 12);
  expect(solveLower(FACTOR, 2, lower)).toBe(lower);
  expect(lower).toEqual(Float64Array.of(4, 4));
  // 2x + y = 4, 2y = 4: x = 1, y = 2.
  const upper = Float64Array.of(4, 4);
  expect(solveUpper(FACTOR, 2, upper)).toBe(upper);
  expect(upper).toEqual(Float64Array.of(1, 2));
});

test('a system of two unknowns and two right sides, by hand', () => {
  // 4x + 2y = 10, 2x + 5y = 13: x = 1.5, y = 2; and for (2, 1): x = 0.5, y = 0.
  const right = Float64Array.of(10, 2, 13, 1);
  const x = solvePositive(MATRIX, right, { n: 2, m: 2 });
  const expected = [1.5, 0.5, 2, 0];
  for (const [index, value] of expected.entries()) expect(x[index]).toBeCloseTo(value, 12);
  expect(MATRIX).toEqual(Float64Array.of(4, 2, 2, 5));
  expect(right).toEqual(Float64Array.of(10, 2, 13, 1));
});

test('a system whose matrix is not positive definite is refused', () => {
  const matrix = Float64Array.of(1, 2, 2, 1);
  expect(() => solvePositive(matrix, Float64Array.of(1, 1), { n: 2, m: 1 })).toThrow(
    'the matrix is not positive definite',
  );
});
