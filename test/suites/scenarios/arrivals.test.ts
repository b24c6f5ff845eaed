import { describe, expect, test } from 'vitest';
import { coefficientOfVariation } from '../../../engine/base/series.ts';
import { drawSamples, poissonArrivals } from '../../../suites/scenarios/arrivals.ts';

const RATE = { ratePerSecond: 200, durationMs: 60_000, leastCount: 1, seed: 1 };

describe('Poisson arrivals', () => {
  test('have the rate, and gaps that are exponential: mean equals standard deviation', () => {
    const arrivals = poissonArrivals(RATE);
    const gaps = Array.from(arrivals, (at, index) => at - (arrivals[index - 1] ?? 0));
    // 12,000 expected, standard deviation sqrt(12,000) = 110.
    expect(Math.abs(arrivals.length - 12_000)).toBeLessThan(440);
    expect(coefficientOfVariation(gaps)).toBeCloseTo(1, 1);
    const long = gaps.filter((gap) => gap > 10).length / gaps.length;
    // P(gap > 2 means) = e^-2.
    expect(long).toBeCloseTo(Math.exp(-2), 1);
  });

  test('ascend, and end when both the duration and the count are met', () => {
    const byTime = poissonArrivals({ ...RATE, durationMs: 1000 });
    expect(byTime.every((at, index) => at >= (byTime[index - 1] ?? 0))).toBe(true);
    expect(byTime.at(-1)).toBeLessThanOrEqual(1000);
    expect(poissonArrivals({ ...RATE, durationMs: 1, leastCount: 500 })).toHaveLength(500);
  });

  test('end at the latest time, short of the count, but are at least one', () => {
    const limited = poissonArrivals({ ...RATE, durationMs: 1, leastCount: 500, maxMs: 100 });
    // The same schedule, cut: 20 are expected in 0.1 s.
    expect(limited).toEqual(poissonArrivals({ ...RATE, durationMs: 100 }));
    expect(limited.length).toBeLessThan(60);
    expect(poissonArrivals({ ...RATE, maxMs: 1e-9 })).toHaveLength(1);
  });

  test('are the same for the same seed, and others for another', () => {
    const some = { ...RATE, durationMs: 500 };
    expect(poissonArrivals(some)).toEqual(poissonArrivals(some));
    expect(poissonArrivals({ ...some, seed: 2 })[0]).not.toBe(poissonArrivals(some)[0]);
  });

  test('samples are drawn with replacement from the whole pool', () => {
    const drawn = drawSamples(7, 1, '0');
    expect(new Set(drawn).size).toBe(7);
    expect(drawn.slice(0, 50)).not.toEqual(drawSamples(7, 1, '1').slice(0, 50));
  });
});
