import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../../engine/base/random.ts';
import { findChangePoints } from '../../../../tuner/nightly/decision/change-points.ts';

/** Logarithms of a ratio with 0.8 % noise around levels that hold for a number of nights. */
function series(seed: number, ...levels: readonly (readonly [nights: number, level: number])[]) {
  const random = createRandom(seed, 'series');
  return levels.flatMap(([nights, level]) =>
    Array.from({ length: nights }, () => Math.log(level) + 0.008 * random.normal()),
  );
}

describe('change points', () => {
  it('are found where the level steps, with the size of the step', () => {
    const [found, ...others] = findChangePoints(series(1, [25, 1], [10, 0.95]), 1);
    expect(others).toEqual([]);
    expect(found?.index).toBe(25);
    expect(found?.change).toBeCloseTo(-0.05, 2);
    expect(found?.p).toBe(1 / 2000);
  });

  it('are found again in each stretch: down and up', () => {
    const found = findChangePoints(series(2, [15, 1], [15, 0.92], [15, 1.02]), 1);
    expect(found.map(({ index }) => index)).toEqual([15, 30]);
    expect(found.map(({ change }) => Math.sign(change))).toEqual([-1, 1]);
  });

  it('are none in noise: 200 series, one false alarm at the most', () => {
    const alarms = Array.from({ length: 200 }, (_, seed) =>
      findChangePoints(series(seed, [50, 1]), seed),
    ).filter((found) => found.length > 0);
    expect(alarms.length).toBeLessThanOrEqual(1);
  });

  it('are not told below 2 %, however sure', () => {
    const steady = Array.from({ length: 40 }, (_, i) => (i < 20 ? 0 : -0.015) + 1e-4 * (i % 3));
    expect(findChangePoints(steady, 1)).toEqual([]);
  });

  it('are looked for in the last 50 nights, and counted from the first of all', () => {
    const values = series(3, [40, 1.3], [40, 1], [10, 0.9]);
    expect(findChangePoints(values, 1).map(({ index }) => index)).toEqual([80]);
  });

  it('are the same for the same seed', () => {
    const values = series(4, [20, 1], [8, 0.96]);
    expect(findChangePoints(values, 9)).toEqual(findChangePoints(values, 9));
  });
});
