import { describe, expect, test } from 'vitest';
import { findPeak, type PeakProbe } from '../../../suites/scenarios/peak-search.ts';
import { latencyFigures } from '../../../suites/trial/latency-figures.ts';
import { exponentialService, simulateLoad } from '../../support/simulated-server.ts';

function stepServer(peak: number): (rate: number, seed: number) => Promise<PeakProbe> {
  return async (ratePerSecond, seed) => ({ ratePerSecond, seed, passes: ratePerSecond <= peak });
}

describe('the peak search', () => {
  test.each([0.003, 1, 77, 5000])('finds %d, from far below and far above', async (peak) => {
    for (const startRate of [peak / 20, peak * 20]) {
      const found = await findPeak({ probe: stepServer(peak), startRate, seed: 1 });
      expect(found.complete).toBe(true);
      expect(found.best?.ratePerSecond).toBeLessThanOrEqual(peak);
      expect(found.best?.ratePerSecond).toBeGreaterThan(peak / 1.031);
      expect(found.failedAt).toBeGreaterThan(peak);
    }
  });

  test('never uses a seed twice, and confirms the winner with a fresh one', async () => {
    const { probes, best } = await findPeak({ probe: stepServer(50), startRate: 10, seed: 7 });
    expect(new Set(probes.map((probe) => probe.seed)).size).toBe(probes.length);
    const atBest = probes.filter((probe) => probe.ratePerSecond === best?.ratePerSecond);
    expect(atBest).toHaveLength(2);
  });

  test('a rate that passed by luck is not the answer', async () => {
    let lucky = true;
    const probe = async (ratePerSecond: number, seed: number): Promise<PeakProbe> => {
      const passes = ratePerSecond <= 40 || (ratePerSecond > 75 && ratePerSecond <= 80 && lucky);
      if (ratePerSecond > 75 && ratePerSecond <= 80) lucky = false;
      return { ratePerSecond, seed, passes };
    };
    const { best } = await findPeak({ probe, startRate: 20, seed: 1 });
    expect(best?.ratePerSecond).toBeLessThanOrEqual(40);
  });

  test('leaves rates alone that are of no interest, but tries the lowest of interest', async () => {
    const below = await findPeak({ probe: stepServer(50), startRate: 500, atLeast: 60, seed: 1 });
    expect(below).toMatchObject({ best: null, complete: true });
    expect(below.probes.map(({ ratePerSecond }) => ratePerSecond)).toEqual([
      500, 250, 125, 62.5, 60,
    ]);
    const above = await findPeak({ probe: stepServer(80), startRate: 500, atLeast: 60, seed: 1 });
    expect(above.best?.ratePerSecond).toBeGreaterThan(80 / 1.031);
    const once = await findPeak({ probe: stepServer(50), startRate: 60, atLeast: 60, seed: 1 });
    expect(once.probes).toHaveLength(1);
  });

  test('ends where there is no hope', async () => {
    const isHopeless = (probes: readonly PeakProbe[]): boolean => probes.length === 2;
    const left = await findPeak({ probe: stepServer(-1), startRate: 10, seed: 1, isHopeless });
    expect(left).toMatchObject({ best: null, complete: false });
    expect(left.probes).toHaveLength(2);
  });

  test('confirms what it has when the probes run out', async () => {
    const short = await findPeak({ probe: stepServer(77), startRate: 40, seed: 1, maxProbes: 4 });
    // 40 passes and 80 fails; the other two are kept for the confirmation.
    expect(short.best?.ratePerSecond).toBe(40);
    expect(short.probes).toHaveLength(3);
  });

  test('says so when nothing passes, and when the probes run out', async () => {
    const none = await findPeak({ probe: stepServer(-1), startRate: 10, seed: 1 });
    expect(none.best).toBeNull();
    const short = await findPeak({ probe: stepServer(1e4), startRate: 1, seed: 1, maxProbes: 6 });
    expect(short).toMatchObject({ best: null, complete: false });
    expect(short.probes).toHaveLength(6);
  });

  test('on M/M/1 comes close below the rate at which p99 truly is at the bound', async () => {
    // Sojourn times are exponential with rate mu - lambda: p99 = ln(100) / (mu - lambda).
    const [mu, boundMs] = [200, 60];
    const truePeak = mu - Math.log(100) / (boundMs / 1000);
    const probe = async (ratePerSecond: number, seed: number): Promise<PeakProbe> => {
      const load = await simulateLoad({
        ratePerSecond,
        queries: 6000,
        serviceMs: exponentialService(1000 / mu, seed),
        seed,
      });
      const certified = latencyFigures(load.latenciesMs).certified.p99;
      return { ratePerSecond, seed, passes: certified !== null && certified <= boundMs };
    };
    const { best } = await findPeak({ probe, startRate: 50, seed: 11, resolution: 0.05 });
    // The certificate asks for more than the point estimate: a little below the truth.
    expect(best?.ratePerSecond).toBeGreaterThan(0.8 * truePeak);
    expect(best?.ratePerSecond).toBeLessThan(1.05 * truePeak);
  });
});
