import { describe, expect, test } from 'vitest';
import {
  mergeHistograms,
  type PlainHistogram,
} from '../../../../../engine/graph/quantization/calibration/histogram.ts';
import {
  calibrationRange,
  type CalibrationMethod,
} from '../../../../../engine/graph/quantization/calibration/thresholds.ts';
import { countsOf, histogramOf, normalValues, relu } from './simulated.ts';

const METHODS: readonly CalibrationMethod[] = [
  { method: 'min-max' },
  { method: 'percentile' },
  { method: 'entropy' },
  { method: 'mse' },
];

describe.each(METHODS)('$method', (method) => {
  test.each<[string, Float32Array, number, number]>([
    ['nothing', new Float32Array(), 0, 0],
    ['zeros', new Float32Array(9), 0, 0],
    ['one constant above 0', new Float32Array(9).fill(5), 0, 5],
    ['one constant below 0', new Float32Array(9).fill(-5), -5, 0],
  ])('of %s', (_, values, min, max) => {
    const range = calibrationRange(histogramOf(values), method);
    expect(range.min).toBeCloseTo(min, 2);
    expect(range.max).toBeCloseTo(max, 2);
  });

  test('stays within what was seen, with 0', () => {
    const values = normalValues(20_000).map((value) => value + 1);
    const { min, max } = histogramOf(values);
    const range = calibrationRange(histogramOf(values), method);
    expect(range.min).toBeGreaterThanOrEqual(min);
    expect(range.max).toBeLessThanOrEqual(max);
    expect(range.min).toBeLessThan(0);
    expect(range.max).toBeGreaterThan(2);
  });

  test('has nothing below 0 after a ReLU', () => {
    const range = calibrationRange(histogramOf(relu(normalValues(20_000))), method);
    expect(range.min).toBe(0);
    expect(range.max).toBeGreaterThan(2);
  });

  test('turns over with its values', () => {
    const values = normalValues(20_000).map((value, index) =>
      index % 3 === 0 ? value ** 3 : value,
    );
    const there = calibrationRange(histogramOf(values), method);
    const back = calibrationRange(histogramOf(values.map((value) => -value)), method);
    expect(Math.abs(back.min / there.max + 1)).toBeLessThan(0.1);
    expect(Math.abs(back.max / there.min + 1)).toBeLessThan(0.1);
  });
});

/** A hundred thousand values, each counted 200 times, and one outlier at 100. */
function withOutlier(values: Float32Array): PlainHistogram {
  const once = histogramOf(values);
  const bins = once.bins.map((count) => 200 * count);
  const count = 200 * once.count;
  const many = { ...once, bins, count, zeroCount: 200 * once.zeroCount };
  return mergeHistograms(many, histogramOf(Float32Array.of(100)));
}

describe.each(['two-sided', 'after a ReLU'])('one outlier, %s', (shape) => {
  const values = shape === 'two-sided' ? normalValues(100_000) : relu(normalValues(100_000));
  const histogram = withOutlier(values);

  test.each(METHODS.slice(1))('is cut by $method', (method) => {
    const { max } = calibrationRange(histogram, method);
    expect(max).toBeGreaterThan(2.5);
    expect(max).toBeLessThan(15);
  });

  test('is kept by min-max', () => {
    expect(calibrationRange(histogram, { method: 'min-max' }).max).toBe(100);
  });
});

test('mse weighs an outlier against the steps of all others', () => {
  // With n values far below T: n T^2 / (12 x 255^2) + (100 - T)^2 is least at
  // T = 100 / (1 + n / 780 300), here within a bin's 1 / 32.
  const values = relu(normalValues(200_000));
  const n = values.filter((value) => value > 0).length;
  values[0] = 100;
  const { max } = calibrationRange(histogramOf(values), { method: 'mse' });
  expect(Math.abs(max - 100 / (1 + n / 780_300))).toBeLessThan(1 / 32);
});

describe('percentile', () => {
  // 1..1000 and as many below 0: a bin of 2048 / 8192 holds one number at most.
  const values = Float32Array.from({ length: 2000 }, (_, i) => (i < 1000 ? i + 1 : 999 - i));

  test('leaves half of the rest at either end', () => {
    // Of 2000, 99 % leaves 10 at either end: 991 to 1000. 990 stays, and ends its bin.
    const range = calibrationRange(histogramOf(values), { method: 'percentile', percentile: 99 });
    expect(range).toEqual({ min: -990, max: 990.25 });
  });

  test('of 100 is the whole range', () => {
    const range = calibrationRange(histogramOf(values), { method: 'percentile', percentile: 100 });
    expect(range).toEqual({ min: -1000, max: 1000 });
  });

  test('counts zeros as values', () => {
    // Of 100 000 values the percentile 99.99 leaves 5 at either end: 2 to 6.
    const mostlyZeros = new Float32Array(100_000);
    mostlyZeros.set([1, 2, 3, 4, 5, 6]);
    const range = calibrationRange(histogramOf(mostlyZeros), { method: 'percentile' });
    expect(range.min).toBe(0);
    expect(range.max).toBeCloseTo(1, 2);
  });

  test('keeps all where it would leave zeros only', () => {
    const mostlyZeros = new Float32Array(100_000);
    mostlyZeros.set([1, 2, 3, 4]);
    expect(calibrationRange(histogramOf(mostlyZeros), { method: 'percentile' })).toEqual({
      min: 0,
      max: 4,
    });
  });

  test.each([0, -1, 100.5, NaN])('refuses %d', (percentile) => {
    const method = { method: 'percentile', percentile } as const;
    expect(() => calibrationRange(histogramOf(values), method)).toThrow('must be in (0, 100]');
  });
});

const normal = (x: number): number => 1e6 * Math.exp((-x * x) / 2);
const laplace = (x: number): number => 1e6 * Math.exp(-4 * Math.abs(x));
const skewed = (x: number): number => (x < 0 ? 1e6 * Math.exp(12 * x) : normal(x));
const wide = (x: number): number => 1e6 * Math.exp(-2.5 * Math.abs(x));
const above = (density: (x: number) => number) => (x: number) => (x > 0 ? density(x) : 0);
/** All below 1, but for one value in the bin from 7. */
const outlier = (binWidth: number) => (x: number) => {
  if (x > 7 && x < 7 + binWidth) return 1;
  return x > 0 && x < 1 ? 1e6 * Math.exp(-18 * x * x) : 0;
};

interface Reference {
  readonly name: string;
  readonly density: (x: number) => number;
  readonly halfRange: number;
  readonly seen: readonly [number, number];
  readonly ends: readonly [number, number];
}

function endsOf(
  { density, halfRange, seen: [min, max] }: Reference,
  { method, binCount }: { readonly method: 'entropy' | 'mse'; readonly binCount: number },
): number[] {
  const histogram = countsOf(density, { binCount, halfRange, min, max });
  const range = calibrationRange(histogram, { method });
  return [range.min, range.max];
}

/**
 * Ends from brute force in numpy over the same counts: P and Q written out bin by bin
 * for every T as Migacz describes it, with 256 levels over the bins between the ends.
 */
test.each<Reference>([
  {
    name: 'normal',
    density: normal,
    halfRange: 8,
    seen: [-5.38671875, 5.38671875],
    ends: [-4.8125, 4.8125],
  },
  {
    name: 'normal after a ReLU',
    density: above(normal),
    halfRange: 8,
    seen: [0, 5.38671875],
    ends: [0, 5.015625],
  },
  {
    name: 'Laplace',
    density: laplace,
    halfRange: 4,
    seen: [-3.626953125, 3.626953125],
    ends: [-2.74609375, 2.74609375],
  },
  {
    name: 'ReLU and outlier',
    density: outlier(8 / 1024),
    halfRange: 8,
    seen: [0, 7.00390625],
    ends: [0, 2.015625],
  },
  {
    name: 'skewed',
    density: skewed,
    halfRange: 8,
    seen: [-1.20703125, 5.38671875],
    ends: [-1.20703125, 4.75],
  },
  {
    name: 'skewed to the other side',
    density: (x) => skewed(-x),
    halfRange: 8,
    seen: [-5.38671875, 1.20703125],
    ends: [-4.7109375, 1.20703125],
  },
])('entropy equals brute force: $name', (reference) => {
  expect(endsOf(reference, { method: 'entropy', binCount: 2048 })).toEqual(reference.ends);
});

/**
 * Ends from brute force in numpy over the same counts: for every pair of bin edges the
 * squared error of 40 points in each bin.
 */
test.each<Reference & { readonly binCount: number }>([
  {
    name: 'normal',
    density: normal,
    halfRange: 8,
    binCount: 128,
    seen: [-5.3125, 5.3125],
    ends: [-3.875, 3.875],
  },
  {
    name: 'normal after a ReLU',
    density: above(normal),
    halfRange: 8,
    binCount: 128,
    seen: [0, 5.3125],
    ends: [0, 4.25],
  },
  {
    name: 'Laplace',
    density: laplace,
    halfRange: 4,
    binCount: 128,
    seen: [-3.59375, 3.59375],
    ends: [-2.4375, 2.4375],
  },
  {
    name: 'skewed',
    density: skewed,
    halfRange: 8,
    binCount: 128,
    seen: [-1.1875, 5.3125],
    ends: [-0.625, 4.125],
  },
  {
    name: 'ReLU and outlier',
    density: outlier(8 / 128),
    halfRange: 8,
    binCount: 256,
    seen: [0, 7.03125],
    ends: [0, 1.3125],
  },
  {
    name: 'few bins',
    density: wide,
    halfRange: 8,
    binCount: 8,
    seen: [-5, 5],
    ends: [-4, 4],
  },
])('mse equals brute force: $name', (reference) => {
  const { binCount, ends } = reference;
  expect(endsOf(reference, { method: 'mse', binCount })).toEqual(ends);
});

test('mse finds the clipping of a normal distribution that theory gives', () => {
  // Banner et al., table of optimal clipping: 3.92 standard deviations for 8 bits.
  const range = calibrationRange(histogramOf(normalValues(1_000_000)), { method: 'mse' });
  expect(range.max).toBeGreaterThan(3.75);
  expect(range.max).toBeLessThan(4.1);
});
