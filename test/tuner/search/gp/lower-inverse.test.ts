import { describe, expect, test } from 'vitest';
import { choleskyFactor, solveLower } from '../../../../engine/base/linear-algebra.ts';
import { createRandom } from '../../../../engine/base/random.ts';
import { lowerInverse, timesLower } from '../../../../tuner/search/gp/lower-inverse.ts';

describe('the inverse of a lower triangular factor', () => {
  test('by hand', () => {
    // [2 0; 1 2] [0.5 0; -0.25 0.5] = 1
    expect([...lowerInverse(Float64Array.of(2, 0, 1, 2), 2)]).toEqual([0.5, 0, -0.25, 0.5]);
  });

  test.each([1, 3, 4, 7, 32])('times a vector is the substitution, %i rows', (n) => {
    const random = createRandom(n, 'lower inverse');
    const roots = Float64Array.from({ length: n * n }, () => random.normal());
    const positive = Float64Array.from({ length: n * n }, (_, at) => {
      const [i, j] = [Math.floor(at / n), at % n];
      let sum = i === j ? 1 : 0;
      for (let k = 0; k < n; k += 1) sum += (roots[i * n + k] ?? 0) * (roots[j * n + k] ?? 0);
      return sum;
    });
    const factor = choleskyFactor(positive, n) ?? new Float64Array();
    const x = Float64Array.from({ length: n }, () => random.normal());
    const product = timesLower(lowerInverse(factor, n), n, x);
    const solved = solveLower(factor, n, Float64Array.from(x));
    for (const [i, value] of solved.entries()) expect(product[i]).toBeCloseTo(value, 9);
  });
});
