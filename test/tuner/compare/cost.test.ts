import { describe, expect, test } from 'vitest';
import { breakEven } from '../../../tuner/compare/break-even.ts';
import { costOf, costPerMillion, splitCost, type CostTerms } from '../../../tuner/compare/cost.ts';
import { measuredEnergy } from '../../support/compared-hosts.ts';

/**
 * By hand, in round numbers. A life of 1e8 s; 3.6 money a kWh, which is 1e-6 a joule.
 * A: 2000 samples/s, 4e5 money (4e-3 a second), 200 W load, 100 W idle, in use half the time:
 *   mean 150 W, 1.5e-4 a second; 1e6 / (2000 x 0.5) = 1000; (4e-3 + 1.5e-4) x 1000 = 4.15.
 * B: 1000 samples/s, 3e5 money (3e-3 a second), 60 W load, 20 W idle, in use half the time:
 *   mean 40 W, 4e-5 a second; 1e6 / (1000 x 0.5) = 2000; (3e-3 + 4e-5) x 2000 = 6.08.
 */
const LIFE = 1e8;
const a: CostTerms = {
  qps: 2000,
  capex: 4e5,
  lifeSeconds: LIFE,
  loadWatts: 200,
  idleWatts: 100,
  perKwh: 3.6,
  utilisation: 0.5,
};
const b: CostTerms = { ...a, qps: 1000, capex: 3e5, loadWatts: 60, idleWatts: 20 };

function at(threshold: { readonly state: string; readonly value?: number }): number {
  expect(threshold.state).toBe('at');
  return threshold.value ?? Number.NaN;
}

describe('the cost of a million', () => {
  test('is that of the machine and of its power, idle time included', () => {
    expect(costPerMillion(a)).toBeCloseTo(4.15, 10);
    expect(costPerMillion(b)).toBeCloseTo(6.08, 10);
  });

  test('is what is paid anyway over the use, and what is paid by the inference', () => {
    // (4e-3 + 100e-6) x 1e6 / 2000 = 2.05, and 100e-6 x 1e6 / 2000 = 0.05: 2.05 / 0.5 + 0.05.
    expect(splitCost(a).fixed).toBeCloseTo(2.05, 12);
    expect(splitCost(a).running).toBeCloseTo(0.05, 12);
    const { fixed, running } = splitCost(b);
    for (const utilisation of [0.1, 0.7, 1]) {
      const whole = costPerMillion({ ...b, utilisation });
      expect(whole).toBeCloseTo(fixed / utilisation + running, 10);
    }
  });
});

describe('break-even', () => {
  const even = breakEven({ id: 'A', terms: a }, { id: 'B', terms: b });

  test('the use of the other machine at which it costs as little', () => {
    // B: fixed (3e-3 + 20e-6) x 1000 = 3.02, running 40e-6 x 1000 = 0.04: 3.02 / (4.15 - 0.04).
    expect(at(even.utilisation)).toBeCloseTo(3.02 / 4.11, 10);
    expect(costPerMillion({ ...b, utilisation: at(even.utilisation) })).toBeCloseTo(4.15, 10);
  });

  test('the price of the other machine', () => {
    // 4.15 x 1000 x 0.5 / 1e6 = 2.075e-3 a second, less 4e-5 of power, times 1e8 s.
    expect(at(even.capex)).toBeCloseTo(203_500, 5);
    expect(costPerMillion({ ...b, capex: 203_500 })).toBeCloseTo(4.15, 10);
  });

  test('there is none for the use of both where they would cross beyond always', () => {
    // (2.05 - 3.02) / (0.04 - 0.05) = 97: far beyond always.
    expect(even.commonUtilisation).toMatchObject({ state: 'none' });
  });

  test('the use of both, and who is cheaper below it', () => {
    // C costs less to own, 1e-3 x 1e6 / 1000 = 1 (A: 2.05), and more to run: 2000 W are 2e-3 a
    // second, x 1e6 / 1000 = 2 (A: 0.05).
    const c: CostTerms = { ...a, qps: 1000, capex: 1e5, loadWatts: 2000, idleWatts: 0 };
    const { fixed, running } = splitCost(c);
    expect([fixed, running]).toEqual([1, 2]);
    const both = breakEven({ id: 'A', terms: a }, { id: 'C', terms: c }).commonUtilisation;
    // (2.05 - 1) / (2 - 0.05)
    expect(at(both)).toBeCloseTo(1.05 / 1.95, 10);
    expect(both.cheaperBelow).toBe('C');
    const utilisation = at(both);
    expect(costPerMillion({ ...a, utilisation })).toBeCloseTo(
      costPerMillion({ ...c, utilisation }),
      10,
    );
  });

  test('the price of a kilowatt-hour, and who is cheaper above it', () => {
    // In units of 1e6 / (Q u): A 4e-3 x 1000 = 4 and 150 W x 1000; B 3e-3 x 2000 = 6 and 40 W x 2000.
    // 4 + 150e3 p = 6 + 80e3 p: p = 2 / 70e3 a joule, x 3.6e6 a kilowatt-hour.
    expect(at(even.pricePerKwh)).toBeCloseTo((2 / 70e3) * 3.6e6, 8);
    expect(even.pricePerKwh.cheaperAbove).toBe('B');
    const perKwh = at(even.pricePerKwh);
    expect(costPerMillion({ ...a, perKwh })).toBeCloseTo(costPerMillion({ ...b, perKwh }), 8);
  });

  test('says why there is none: always in use is not enough, electricity not counted', () => {
    const dear = { ...b, capex: 9e5 };
    const one = breakEven({ id: 'A', terms: a }, { id: 'B', terms: dear });
    expect(one.utilisation).toMatchObject({
      state: 'none',
      reason: expect.stringMatching(/always in use/) as string,
    });
    const free = { ...b, perKwh: 0, loadWatts: 0, idleWatts: 0 };
    const other = breakEven({ id: 'A', terms: { ...a, perKwh: 0 } }, { id: 'B', terms: free });
    expect(other.pricePerKwh).toEqual({ state: 'none', reason: 'electricity is not counted' });
  });
});

describe('what is counted', () => {
  const prices = {
    currency: 'EUR',
    capex: 1000,
    lifeYears: 3,
    pricePerKwh: 0.3,
    utilisation: 0.5,
  };
  const figures = { qps: 100, interval: { low: 90, high: 110 }, energy: measuredEnergy() };

  test('machine and electricity where power was measured; the interval turns around', () => {
    const cost = costOf(prices, figures);
    expect(cost).toMatchObject({ state: 'known', basis: 'machine and electricity', missing: null });
    if (cost.state !== 'known' || cost.interval === null) throw new Error('it has an interval');
    // 1000 / (3 x 365.25 x 86400) + 70 W x 0.3 / 3.6e6, times 1e6 / 50.
    const rate = 1000 / (3 * 31_557_600) + (70 * 0.3) / 3.6e6;
    expect(cost.perMillion).toBeCloseTo(rate * 20_000, 10);
    expect(cost.interval.low).toBeCloseTo((rate * 1e6) / 55, 10);
    expect(cost.interval.high).toBeCloseTo((rate * 1e6) / 45, 10);
  });

  test('an estimate of the power makes the cost an estimate', () => {
    const energy = measuredEnergy({ state: 'estimated' });
    expect(costOf(prices, { ...figures, energy })).toMatchObject({
      basis: 'estimated electricity',
    });
  });

  test('without a sensor the machine alone, and it says so; without a machine nothing', () => {
    const energy = { state: 'unavailable', reason: 'no sensor' } as const;
    expect(costOf(prices, { ...figures, energy })).toMatchObject({
      basis: 'machine alone',
      missing: 'power is not known: no sensor',
    });
    expect(costOf({ ...prices, capex: null }, { ...figures, energy })).toEqual({
      state: 'unavailable',
      reason: 'power is not known: no sensor',
    });
  });

  test('idle power matters unless the machine is always in use', () => {
    const energy = measuredEnergy({ idleWatts: null });
    expect(costOf(prices, { ...figures, energy })).toMatchObject({
      missing: expect.stringMatching(/idle power/) as string,
    });
    const always = costOf({ ...prices, utilisation: 1 }, { ...figures, energy });
    expect(always).toMatchObject({ basis: 'machine and electricity', missing: null });
  });
});
