import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../engine/base/random.ts';
import {
  coefficientOfVariation,
  countModes,
  halfToHalfRatio,
  lagOneAutocorrelation,
} from '../../../engine/base/series.ts';

describe('lagOneAutocorrelation', () => {
  it('is r1 of Box and Jenkins, by hand', () => {
    // Deviations -2 -1 0 1 2: products 2 + 0 + 0 + 2, squares 10.
    expect(lagOneAutocorrelation([1, 2, 3, 4, 5])).toBeCloseTo(0.4, 12);
    // Deviations -1 1 -1 1: products -3, squares 4.
    expect(lagOneAutocorrelation([1, 3, 1, 3])).toBeCloseTo(-0.75, 12);
  });

  it('finds the coefficient of an autoregressive series', () => {
    const random = createRandom(1, 'autoregressive');
    let last = 0;
    const values = Array.from({ length: 20_000 }, () => {
      last = 0.6 * last + random.normal();
      return 100 + last;
    });
    // Standard error sqrt((1 - 0.36) / n) = 0.006.
    expect(Math.abs((lagOneAutocorrelation(values) ?? 0) - 0.6)).toBeLessThan(0.024);
  });

  it('is null where nothing varies or too little is known', () => {
    expect(lagOneAutocorrelation([0.1, 0.1, 0.1, 0.1, 0.1, 0.1])).toBeNull();
    expect(lagOneAutocorrelation([1, 2])).toBeNull();
    expect(lagOneAutocorrelation([])).toBeNull();
  });
});

describe('halfToHalfRatio', () => {
  it('compares the medians of the halves, leaving out the middle', () => {
    expect(halfToHalfRatio([1, 2, 3, 4, 6, 8])).toBe(3);
    expect(halfToHalfRatio([2, 4, 1000, 3, 6])).toBe(1.5);
  });

  it('is unmoved by a few outliers', () => {
    expect(halfToHalfRatio([1, 1, 1, 1, 1, 1, 1, 900])).toBe(1);
  });

  it('is null where there are no two halves or nothing to divide by', () => {
    expect(halfToHalfRatio([1])).toBeNull();
    expect(halfToHalfRatio([0, 0, 5, 5])).toBeNull();
  });
});

describe('coefficientOfVariation', () => {
  it('is the sample deviation over the mean', () => {
    // Deviations -1 0 1: variance 2 / 2.
    expect(coefficientOfVariation([9, 10, 11])).toBeCloseTo(0.1, 12);
  });

  it('is null for a single value and for a mean of 0', () => {
    expect(coefficientOfVariation([3])).toBeNull();
    expect(coefficientOfVariation([-1, 1])).toBeNull();
  });
});

describe('countModes', () => {
  const random = createRandom(7, 'modes');
  const exponential = (): number => -Math.log(1 - random.next());
  const families = {
    normal: () => 10 + random.normal(),
    lognormal: () => Math.exp(0.5 * random.normal()),
    exponential,
    gamma: () => exponential() + exponential() + exponential(),
    'a coarse clock': () => Math.round(200 * (1 + 0.02 * random.normal())) / 20,
  };
  const mixture = (weight: number) => (): number =>
    (random.next() < weight ? 1 : 1.2) * (1 + 0.02 * random.normal());
  const draw = (count: number, value: () => number): Float64Array =>
    Float64Array.from({ length: count }, value);
  const share = (rounds: number, holds: () => boolean): number =>
    Array.from({ length: rounds }, holds).filter(Boolean).length / rounds;

  describe.each(Object.entries(families))('of %s', (_, value) => {
    it.each([
      [100, 1000],
      [1000, 200],
      [10_000, 20],
      [100_000, 3],
    ])('takes %d values for one mode', (count, rounds) => {
      const several = share(rounds, () => countModes(draw(count, value)) > 1);
      expect(several).toBeLessThan(0.01);
    });
  });

  it('takes uniform values for one mode, though they are the hardest', () => {
    expect(share(500, () => countModes(draw(300, () => random.next())) > 1)).toBeLessThan(0.01);
  });

  describe.each([0.3, 0.7, 0.1, 0.9])(
    'of two modes 20 %% apart, the lower of weight %d',
    (weight) => {
      it.each([
        [500, 300],
        [5000, 40],
        [100_000, 2],
      ])('finds both in %d values', (count, rounds) => {
        const found = share(rounds, () => countModes(draw(count, mixture(weight))) === 2);
        expect(found).toBeGreaterThanOrEqual(0.95);
      });
    },
  );

  it('finds three', () => {
    const values = draw(2000, () => random.pick([1, 1.3, 1.8]) * (1 + 0.02 * random.normal()));
    expect(countModes(values)).toBe(3);
  });

  it('does not take rare outliers for a mode', () => {
    const values = draw(5000, () => (random.next() < 0.02 ? 50 : 10) + random.normal());
    expect(countModes(values)).toBe(1);
  });

  it('knows one mode where there is one value, and none of nothing', () => {
    expect(countModes([3])).toBe(1);
    expect(countModes([3, 3, 3, 3, 3, 3, 3, 3])).toBe(1);
    expect(() => countModes([])).toThrow(/at least one/);
  });
});
