import { describe, expect, test } from 'vitest';
import { latencyFigures } from '../../../suites/trial/latency-figures.ts';
import { loadFigures } from '../../../suites/trial/load-figures.ts';
import type { FinishedLoad } from '../../../suites/trial/drive-load.ts';

const PLAIN = { samplesPerQuery: 1, frequenciesMhz: [] };

/** Queries answered one after the other, each as soon as its latency has passed. */
function closedLoad(
  latencies: readonly number[],
  differences: Partial<FinishedLoad> = {},
): FinishedLoad {
  let atMs = 0;
  const completed = latencies.map((latency) => (atMs += latency));
  return {
    latenciesMs: Float64Array.from(latencies),
    completedMs: Float64Array.from(completed),
    queriesPerSecond: (latencies.length * 1000) / atMs,
    elapsedMs: atMs,
    lagsMs: null,
    unanswered: 0,
    gaveUp: false,
    ...differences,
  };
}

function repeated(count: number, latency: number): number[] {
  return Array.from({ length: count }, () => latency);
}

describe('the figures of a load', () => {
  test('a constant rate has an interval of no width and no autocorrelation', () => {
    // 100 queries of 8 ms each: 125 a second, of 4 samples.
    const figures = loadFigures(closedLoad(repeated(100, 8)), { ...PLAIN, samplesPerQuery: 4 });
    expect(figures).toMatchObject({ qps: 500, samples: 400, elapsedMs: 800 });
    expect(figures.qpsWithin).toEqual({ low: 500, high: 500 });
    expect(figures.latencyMs).toMatchObject({ count: 100, mean: 8, sd: 0, mad: 0, p50: 8, max: 8 });
    expect(figures.stability).toEqual({ lagOne: null, halves: 1, modes: 1, frequencyCv: null });
    expect(figures.generatorLagMs).toBeNull();
  });

  test('rates that change have a wide interval, a drift and correlated windows', () => {
    // 500 ms at 5 ms, then 500 ms at 10 ms: windows of 20 queries five times, then of 10.
    const load = closedLoad([...repeated(100, 5), ...repeated(50, 10)]);
    const figures = loadFigures(load, PLAIN);
    // Rates 200 and 100 a second, five of each: mean 150, sd sqrt(10 x 50^2 / 9) = 52.705,
    // error 16.667; t(0.975, 9) = 2.26216 gives 37.70.
    expect(figures.qpsWithin?.low).toBeCloseTo(112.297, 2);
    expect(figures.qpsWithin?.high).toBeCloseTo(187.703, 2);
    // Deviations -2.5 x 5 and 2.5 x 5: 8 products of 6.25, one of -6.25, over 10 squares.
    expect(figures.stability.lagOne).toBeCloseTo(0.7, 10);
    // The last 75 latencies are 25 of 5 ms and 50 of 10 ms.
    expect(figures.stability.halves).toBe(2);
  });

  test('windows of fewer than five queries say nothing', () => {
    expect(loadFigures(closedLoad(repeated(50, 8)), PLAIN).qpsWithin).not.toBeNull();
    const short = loadFigures(closedLoad(repeated(49, 8)), PLAIN);
    expect(short.qpsWithin).toBeNull();
    expect(short.stability).toEqual({ lagOne: null, halves: null, modes: null, frequencyCv: null });
    // A stall of half the time leaves windows empty.
    const stalled = closedLoad([...repeated(100, 4), 400, ...repeated(100, 4)]);
    expect(loadFigures(stalled, PLAIN).qpsWithin).toBeNull();
  });

  test('two modes are seen, and how much the frequency varied', () => {
    const latencies = Array.from({ length: 400 }, (_, index) => (index % 2) * 10 + 5 + index / 1e3);
    const { stability } = loadFigures(closedLoad(latencies), {
      ...PLAIN,
      frequenciesMhz: [2000, 3000],
    });
    expect(stability.modes).toBe(2);
    // Mean 2500, sample standard deviation sqrt(2 x 500^2) = 707.1.
    expect(stability.frequencyCv).toBeCloseTo(0.28284, 5);
  });

  test('lags have their own figures, in whatever order they came', () => {
    const lagsMs = Float64Array.from({ length: 101 }, (_, index) => (index * 37) % 101);
    const { generatorLagMs } = loadFigures(closedLoad(repeated(101, 5), { lagsMs }), PLAIN);
    expect(generatorLagMs).toEqual({ p50: 50, p99: 99, max: 100 });
    expect(lagsMs[1]).toBe(37);
    const none = closedLoad(repeated(9, 5), { lagsMs: new Float64Array(0) });
    expect(loadFigures(none, PLAIN).generatorLagMs).toBeNull();
  });

  test('what was left unanswered counts as slow, not as done', () => {
    const load = closedLoad(repeated(100, 8), { unanswered: 30 });
    const figures = loadFigures(load, { ...PLAIN, samplesPerQuery: 2 });
    expect(figures.samples).toBe(140);
    expect(figures.latencyMs.count).toBe(100);
    expect(figures.qpsWithin).toBeNull();
    // A load that was given up keeps no latencies of what it left.
    const stopped = closedLoad(repeated(100, 8), { unanswered: 30, gaveUp: true });
    expect(loadFigures(stopped, PLAIN).samples).toBe(100);
  });
});

/** 1 to `count` ms, the largest first. */
function descending(count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, index) => count - index);
}

describe('the figures of latencies', () => {
  // The minimums of MLPerf LoadGen: of n sorted samples the one before the last is certified.
  test.each([
    ['p50', 11],
    ['p90', 64],
    ['p95', 130],
    ['p99', 662],
  ] as const)('%s is certified from %d queries on', (percentile, least) => {
    const short = latencyFigures(descending(least - 1));
    expect(short.certified[percentile]).toBeNull();
    expect(short[percentile]).toBeGreaterThan(0);
    expect(latencyFigures(descending(least)).certified[percentile]).toBe(least - 1);
  });

  test('raw percentiles interpolate between samples, and the samples stay as they are', () => {
    const latencies = descending(100);
    // Type 7: 1 + 0.9 x 99 and so on.
    const { count, p50, p90, p99, max } = latencyFigures(latencies);
    expect({ count, p50, max }).toEqual({ count: 100, p50: 50.5, max: 100 });
    expect([p90, p99]).toEqual([expect.closeTo(90.1, 9), expect.closeTo(99.01, 9)]);
    expect(latencies[0]).toBe(100);
  });

  test('an interval lacks the side that the queries cannot bound', () => {
    const { intervals } = latencyFigures(descending(100));
    // Binomial(100, 0.5): P(X <= 39) = 0.0176 and P(X <= 40) = 0.0284, so ranks 40 and 61.
    expect(intervals.p50).toEqual({ low: 40, high: 61 });
    // 0.99^100 = 0.37 is far above 0.025: the largest of 100 does not bound p99.
    expect(intervals.p99.high).toBeNull();
  });
});
