import { expect, test } from 'vitest';
import { minimize } from '../../../../tuner/search/gp/pattern-search.ts';

test('finds the bottom of a bowl to the last step, and goes nowhere that is worse', () => {
  const target = [1.2, -0.6];
  const loss = (point: Float64Array): number =>
    target.reduce((sum, value, at) => sum + ((point[at] as number) - value) ** 2, 0);
  const found = minimize(loss, new Float64Array(2), Float64Array.of(1, 1));
  expect(Math.abs((found[0] as number) - 1.2)).toBeLessThan(0.21);
  expect(Math.abs((found[1] as number) + 0.6)).toBeLessThan(0.21);
  expect([...minimize(() => NaN, Float64Array.of(1), Float64Array.of(1))]).toEqual([1]);
});
