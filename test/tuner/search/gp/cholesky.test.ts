import { describe, expect, test } from 'vitest';
import { cholesky, solveLower, solveUpper } from '../../../../tuner/search/gp/cholesky.ts';

describe('the Cholesky factor', () => {
  test('of a matrix by hand', () => {
    // [4 2; 2 5] = [2 0; 1 2] [2 1; 0 2]
    expect([...(cholesky(Float64Array.of(4, 2, 2, 5), 2) ?? [])]).toEqual([2, 0, 1, 2]);
  });

  test('solves: L L x = b', () => {
    const factor = cholesky(Float64Array.of(4, 2, 2, 5), 2) ?? new Float64Array();
    const x = solveUpper(factor, 2, solveLower(factor, 2, Float64Array.of(8, 12)));
    // 4 x 1 + 2 x 2 = 8, 2 x 1 + 5 x 2 = 12.
    expect([...x]).toEqual([1, 2]);
  });

  test('of duplicated rows grows a jitter, small against the matrix', () => {
    const factor = cholesky(Float64Array.of(1, 1, 1, 1), 2) ?? new Float64Array();
    expect(factor[0]).toBeCloseTo(1, 6);
    expect(factor[3]).toBeGreaterThan(0);
    expect(factor[3]).toBeLessThan(1e-3);
  });

  test('of what is no covariance is null', () => {
    expect(cholesky(Float64Array.of(NaN, 0, 0, 1), 2)).toBeNull();
    expect(cholesky(Float64Array.of(1, 2, 2, 1), 2)).toBeNull();
  });
});
