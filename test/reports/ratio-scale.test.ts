import { expect, test } from 'vitest';
import { ratioScale } from '../../reports/ratio-scale.ts';

test('the scale holds every value and 1, and marks 1', () => {
  const { domain, ticks } = ratioScale([1.41, 1.66]);
  expect(domain[0]).toBeLessThan(1);
  expect(domain[1]).toBeGreaterThan(1.66);
  expect(ticks).toContain(1);
});

test.each([
  [[0.99, 1.01]],
  [[0.9, 1.2]],
  [[0.6, 1.5]],
  [[0.3, 2.5]],
  [[0.12, 9]],
  [[0.02, 40]],
  [[0.0002, 5000]],
  [[1]],
  [[]],
])('%j gets one to eight marks inside the axis', (values) => {
  const { domain, ticks } = ratioScale(values);
  expect(ticks.length).toBeGreaterThanOrEqual(1);
  expect(ticks.length).toBeLessThanOrEqual(9);
  for (const tick of ticks) expect(tick >= domain[0] && tick <= domain[1]).toBe(true);
});

test('values that no logarithm has are ignored', () => {
  expect(ratioScale([0, -1, Number.NaN, Infinity])).toEqual(ratioScale([]));
});

test('marks that would crowd each other give way to fewer', () => {
  // From 1.5 to 2 is a tenth of this axis: 20 pixels of 190.
  expect(ratioScale([0.52, 7]).ticks).toEqual([0.5, 1, 2, 5]);
  expect(ratioScale([0.6, 4]).ticks).toEqual([0.7, 1, 1.5, 2, 3]);
});
