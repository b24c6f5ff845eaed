import { describe, expect, test } from 'vitest';
import { cholesky } from '../../../../tuner/search/gp/cholesky.ts';

describe('the Cholesky factor', () => {
  test('of a matrix by hand', () => {
    // [4 2; 2 5] = [2 0; 1 2] [2 1; 0 2]
    expect([...(cholesky(Float64Array.of(4, 2, 2, 5), 2) ?? [])]).toEqual([2, 0, 1, 2]);
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
