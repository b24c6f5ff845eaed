import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../engine/base/random.ts';
import {
  meanInterval,
  quantileOfSorted,
  ratioInterval,
  regularizedIncompleteBeta,
  studentQuantile,
  summarize,
} from '../../../engine/base/statistics.ts';

describe('summarize', () => {
  // NumPy 2.4: mean, std(ddof=1), median(|y - median(y)|), quantile(y, p).
  it('gives the figures that NumPy gives, whatever the order', () => {
    const summary = summarize([3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5]);
    expect(summary).toMatchObject({ count: 11, mean: 4, mad: 1, p50: 4, p90: 6, p95: 7.5, max: 9 });
    expect(summary.sd).toBeCloseTo(2.3664319132398464, 14);
    expect(summary.p99).toBeCloseTo(8.7, 12);
    expect(summary.p999).toBeCloseTo(8.97, 12);
  });

  it('has no deviation for a single value', () => {
    expect(summarize([7])).toEqual({
      count: 1,
      mean: 7,
      sd: 0,
      mad: 0,
      p50: 7,
      p90: 7,
      p95: 7,
      p99: 7,
      p999: 7,
      max: 7,
    });
  });

  it('sorts by value, not by text, and leaves the input as it is', () => {
    const values = Float64Array.of(10, 9, 100, -1);
    expect(summarize(values)).toMatchObject({ p50: 9.5, max: 100 });
    expect([...values]).toEqual([10, 9, 100, -1]);
  });

  it('cannot summarize nothing', () => {
    expect(() => summarize([])).toThrow(/at least one/);
  });
});

describe('quantileOfSorted', () => {
  const powers = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

  // numpy.quantile(powers, p), the same as R's quantile(powers, p, type = 7).
  it.each([
    [0, 1],
    [0.1, 1.9],
    [0.25, 5],
    [0.5, 24],
    [0.9, 281.6],
    [0.95, 396.8],
    [0.99, 488.96],
    [0.999, 509.696],
    [1, 512],
  ])('interpolates as type 7 does: p = %d gives %d', (probability, expected) => {
    expect(quantileOfSorted(powers, probability)).toBeCloseTo(expected, 10);
  });

  it('is that value where there is only one', () => {
    expect(quantileOfSorted([3], 0.99)).toBe(3);
  });

  it('needs a value', () => {
    expect(() => quantileOfSorted([], 0.5)).toThrow(RangeError);
  });
});

describe('studentQuantile', () => {
  // Printed tables (e.g. NIST/SEMATECH e-Handbook of Statistical Methods 1.3.6.7.2).
  it.each([
    [0.95, 1, 6.314],
    [0.975, 1, 12.706],
    [0.975, 5, 2.571],
    [0.975, 10, 2.228],
    [0.995, 10, 3.169],
    [0.975, 30, 2.042],
    [0.95, 100, 1.66],
  ])('gives the tabulated value for p = %d and %d degrees of freedom', (p, df, expected) => {
    expect(studentQuantile(p, df)).toBeCloseTo(expected, 3);
  });

  // scipy 1.17 stats.t.ppf(p, df).
  it.each([
    [0.6, 1, 0.32491969623290634],
    [0.75, 2, 0.8164965809277261],
    [0.9, 3, 1.637744353696209],
    [0.975, 5, 2.5705818356363146],
    [0.99, 1000, 2.330082674755513],
    [0.9995, 2, 31.599054576445365],
    [0.99999, 1, 31830.988608051957],
    [0.025, 11, -2.2009851600916392],
    [1e-6, 1, -318309.8861827435],
    [1e-6, 10, -9.751995490940581],
  ])('agrees with scipy for p = %d and %d degrees of freedom', (p, df, expected) => {
    expect(Math.abs(studentQuantile(p, df) / expected - 1)).toBeLessThan(1e-10);
  });

  it('is exact where the distribution has a closed form', () => {
    // df = 1 is Cauchy: tan(pi (p - 1/2)); df = 2: (2p - 1) sqrt(2 / (4 p (1 - p))).
    for (const p of [0.55, 0.8, 0.97, 0.999]) {
      const two = (2 * p - 1) * Math.sqrt(2 / (4 * p * (1 - p)));
      expect(studentQuantile(p, 1) / Math.tan(Math.PI * (p - 0.5))).toBeCloseTo(1, 10);
      expect(studentQuantile(p, 2) / two).toBeCloseTo(1, 10);
    }
  });

  it('is zero in the middle and symmetric about it', () => {
    expect(studentQuantile(0.5, 4)).toBe(0);
    expect(studentQuantile(0.25, 4)).toBe(-studentQuantile(0.75, 4));
  });

  it('tends to the normal quantile', () => {
    // Phi^-1(0.975), Abramowitz and Stegun table 26.5; the difference is of order 1/df.
    expect(studentQuantile(0.975, 1e6)).toBeCloseTo(1.959964, 5);
  });

  it.each([0, 1, -0.1, 1.5, Number.NaN])('refuses the probability %d', (p) => {
    expect(() => studentQuantile(p, 3)).toThrow(RangeError);
  });
});

describe('regularizedIncompleteBeta', () => {
  // scipy 1.17 special.betainc(a, b, x). The first is a binomial sum: 11/16.
  it.each([
    [0.5, 2, 3, 0.6875],
    [0.25, 0.5, 0.5, 0.33333333333333337],
    [0.1, 5, 0.5, 2.5705896992293723e-6],
    [0.9, 5, 0.5, 0.3166429150200122],
    [0.999, 50, 0.5, 0.7523690199653766],
    [0.3, 10, 20, 0.3640040810719437],
    [0.7, 1, 1, 0.7],
    [0.02, 0.5, 8, 0.42435089402967563],
  ])('gives I(%d; %d, %d) = %d', (x, a, b, expected) => {
    expect(Math.abs(regularizedIncompleteBeta(x, a, b) / expected - 1)).toBeLessThan(1e-13);
  });

  it('is 0 and 1 at the ends and beyond', () => {
    expect(regularizedIncompleteBeta(0, 2, 3)).toBe(0);
    expect(regularizedIncompleteBeta(-1, 2, 3)).toBe(0);
    expect(regularizedIncompleteBeta(1, 2, 3)).toBe(1);
    expect(regularizedIncompleteBeta(2, 2, 3)).toBe(1);
  });
});

describe('meanInterval', () => {
  // scipy: t.interval(0.95, 5, loc=mean(x), scale=sem(x)).
  it('gives the interval that scipy gives', () => {
    const { value, low, high } = meanInterval([4.2, 3.9, 4.5, 4.1, 4.7, 3.8], 0.95);
    expect(value).toBeCloseTo(4.2, 12);
    expect(low).toBeCloseTo(3.83646483048532, 10);
    expect(high).toBeCloseTo(4.56353516951468, 10);
  });

  it('is unbounded for a single value', () => {
    expect(meanInterval([3], 0.95)).toEqual({ value: 3, low: -Infinity, high: Infinity });
  });

  it('has no width where nothing varies', () => {
    expect(meanInterval([2, 2, 2], 0.95)).toEqual({ value: 2, low: 2, high: 2 });
  });

  it('needs a value', () => {
    expect(() => meanInterval([], 0.95)).toThrow(/at least one/);
  });

  it.each([
    [0.95, 6],
    [0.8, 3],
  ])('covers the true mean in %d of the samples of %d', (confidence, size) => {
    const random = createRandom(2024, `coverage of ${confidence}`);
    const rounds = 4000;
    let covered = 0;
    for (let round = 0; round < rounds; round += 1) {
      const sample = Array.from({ length: size }, () => 10 + 3 * random.normal());
      const { low, high } = meanInterval(sample, confidence);
      if (low <= 10 && 10 <= high) covered += 1;
    }
    // Four standard errors of a proportion. With the normal quantile in place of
    // Student's, 6 values would cover 89 % and 3 values 67 %.
    const error = Math.sqrt((confidence * (1 - confidence)) / rounds);
    expect(Math.abs(covered / rounds - confidence)).toBeLessThan(4 * error);
  });
});

describe('ratioInterval', () => {
  // scipy: exp of t.interval on the logarithms.
  it('is the interval of the geometric mean', () => {
    const logs = [1.21, 1.18, 1.25, 1.16, 1.23, 1.2].map(Math.log);
    const { value, low, high } = ratioInterval(logs, 0.95);
    expect(value).toBeCloseTo(1.20462985656813, 12);
    expect(low).toBeCloseTo(1.17078154, 8);
    expect(high).toBeCloseTo(1.23945676, 8);
  });

  it('turns over when the ratio does', () => {
    const logs = [0.2, 0.1, 0.4];
    const forward = ratioInterval(logs, 0.9);
    const backward = ratioInterval(
      logs.map((log) => -log),
      0.9,
    );
    expect(backward.low).toBeCloseTo(1 / forward.high, 12);
    expect(backward.high).toBeCloseTo(1 / forward.low, 12);
  });

  it('knows nothing from one ratio', () => {
    expect(ratioInterval([Math.log(2)], 0.95)).toEqual({ value: 2, low: 0, high: Infinity });
  });
});
