import { describe, expect, it } from 'vitest';
import {
  allowedOver,
  certifiedPercentile,
  holdsBound,
  quantileInterval,
  requiredCount,
} from '../../../engine/base/percentile-certificate.ts';
import { createRandom } from '../../../engine/base/random.ts';

const ranks = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describe('requiredCount', () => {
  // MLPerf inference rules, table of early stopping; the second column is LoadGen's minimum.
  it.each([
    [0.5, 7, 11],
    [0.9, 44, 64],
    [0.95, 90, 130],
    [0.99, 459, 662],
    [0.999, 4603, 6636],
  ])('p%d takes %d samples without and %d with one over', (percentile, none, one) => {
    expect(requiredCount(percentile, 0, 0.99)).toBe(none);
    expect(requiredCount(percentile, 1, 0.99)).toBe(one);
  });

  it('has a closed form without any over: 0.99^299 is the first at most 5 %', () => {
    expect(requiredCount(0.99, 0, 0.95)).toBe(Math.ceil(Math.log(0.05) / Math.log(0.99)));
    expect(requiredCount(0.99, 0, 0.95)).toBe(299);
  });

  // scipy 1.17: the first n with binom.cdf(t, n, 1 - p) <= 1 - c.
  it.each([
    [0.9, 10, 0.99, 197],
    [0.99, 100, 0.99, 12571],
    [0.99, 1000, 0.95, 105334],
    [0.999, 10000, 0.99, 10234999],
    [0.5, 100000, 0.99, 201045],
    [0.99, 100000, 0.99, 10073443],
  ])('p%d with %d over at confidence %d takes %d', (p, over, c, count) => {
    expect(requiredCount(p, over, c)).toBe(count);
  });

  it.each([
    [0, 1, 0.99, /percentile must lie between 0 and 1/],
    [99, 1, 0.99, /not 99/],
    [0.99, -1, 0.99, /overCount must be a whole number/],
    [0.99, 1.5, 0.99, /not 1.5/],
    [0.99, 1, 1, /confidence must lie/],
  ])('refuses p%d, %d over, confidence %d', (percentile, over, confidence, message) => {
    expect(() => requiredCount(percentile, over, confidence)).toThrow(message);
  });
});

describe('allowedOver', () => {
  it('turns requiredCount round, and is null below the minimum of LoadGen', () => {
    for (const percentile of [0.5, 0.9, 0.99]) {
      for (const over of [1, 2, 3, 10, 57]) {
        const count = requiredCount(percentile, over, 0.99);
        expect(allowedOver(percentile, count, 0.99)).toBe(over);
        expect(allowedOver(percentile, count - 1, 0.99)).toBe(over === 1 ? null : over - 1);
      }
    }
    expect(allowedOver(0.99, 0, 0.99)).toBeNull();
  });
});

describe('certifiedPercentile', () => {
  it('is the value with the allowed number of samples above it', () => {
    expect(certifiedPercentile(ranks(662), 0.99)).toBe(661);
    expect(certifiedPercentile(ranks(64), 0.9)).toBe(63);
    expect(certifiedPercentile(ranks(requiredCount(0.99, 10, 0.99)), 0.99)).toBe(
      requiredCount(0.99, 10, 0.99) - 10,
    );
  });

  it('is null below the minimum count', () => {
    expect(certifiedPercentile(ranks(661), 0.99)).toBeNull();
    expect(certifiedPercentile([], 0.5)).toBeNull();
  });

  it('is at least the true p99 in 99 % of exponential samples', () => {
    const random = createRandom(11, 'certificate');
    const truth = -Math.log(0.01);
    // 900 samples allow 2 over: the certificate errs in 0.6 % (scipy binom.cdf(2, 900, 0.01)).
    const rounds = 2000;
    let covered = 0;
    for (let round = 0; round < rounds; round += 1) {
      const certified = certifiedPercentile(exponentials(random, 900), 0.99);
      if (certified !== null && certified >= truth) covered += 1;
    }
    expect(covered / rounds).toBeGreaterThanOrEqual(0.99);
    // A bound that never errs would be an idle one.
    expect(covered).toBeLessThan(rounds);
  });
});

describe('holdsBound', () => {
  it('holds up to the allowed number of samples over the bound', () => {
    expect(holdsBound({ count: 662, overCount: 1 }, 0.99)).toBe(true);
    expect(holdsBound({ count: 662, overCount: 2 }, 0.99)).toBe(false);
  });

  it('reckons with one over where none was seen, as LoadGen does', () => {
    expect(holdsBound({ count: 459, overCount: 0 }, 0.99)).toBe(false);
    expect(holdsBound({ count: 661, overCount: 0 }, 0.99)).toBe(false);
    expect(holdsBound({ count: 662, overCount: 0 }, 0.99)).toBe(true);
  });

  it('says the same as the certified percentile', () => {
    const sorted = ranks(5000);
    const certified = certifiedPercentile(sorted, 0.99) ?? 0;
    const overCount = (bound: number): number => sorted.filter((value) => value > bound).length;
    expect(holdsBound({ count: 5000, overCount: overCount(certified) }, 0.99)).toBe(true);
    expect(holdsBound({ count: 5000, overCount: overCount(certified - 1) }, 0.99)).toBe(false);
  });
});

describe('quantileInterval', () => {
  // scipy 1.17: the last rank r with binom.cdf(r - 1, n, p) <= 2.5 %, the first with
  // binom.sf(r - 1, n, p) <= 2.5 %. For 10 and 20 also the printed tables of the
  // sign test: ranks 2 and 9, 6 and 15.
  it.each([
    [10, 0.5, 2, 9],
    [20, 0.5, 6, 15],
    [100, 0.9, 84, 96],
    [500, 0.99, 490, 500],
    [1000, 0.99, 983, 997],
  ])('of %d values at p%d has the ranks %s and %s', (count, p, low, high) => {
    expect(quantileInterval(ranks(count), p, 0.95)).toEqual({ low, high });
  });

  it('has no side where the sample is too small', () => {
    expect(quantileInterval(ranks(5), 0.5, 0.95)).toEqual({ low: null, high: null });
    expect(quantileInterval([], 0.5, 0.95)).toEqual({ low: null, high: null });
  });

  it.each([
    [100, 0.5],
    [300, 0.9],
    [1000, 0.99],
  ])('covers the true quantile in 95 %% of exponential samples of %d at p%d', (count, p) => {
    const random = createRandom(12, `interval of p${p}`);
    const truth = -Math.log(1 - p);
    const rounds = 2000;
    let covered = 0;
    for (let round = 0; round < rounds; round += 1) {
      const { low, high } = quantileInterval(exponentials(random, count), p, 0.95);
      if ((low ?? 0) <= truth && truth <= (high ?? Infinity)) covered += 1;
    }
    expect(covered / rounds).toBeGreaterThanOrEqual(0.95);
    expect(covered / rounds).toBeLessThan(0.99);
  });
});

function exponentials(random: { next(): number }, count: number): Float64Array {
  return Float64Array.from({ length: count }, () => -Math.log(1 - random.next())).sort();
}
