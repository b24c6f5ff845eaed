import { describe, expect, test } from 'vitest';
import {
  ActivationHistogram,
  histogramFromPlain,
  mergeHistograms,
} from '../../../../../engine/graph/quantization/calibration/histogram.ts';
import { histogramOf, normalValues, relu } from './simulated.ts';

/** Eight bins; what is in each by hand. */
function bins(...values: number[]): number[] {
  return [...histogramOf(Float64Array.from(values), 8).bins];
}

describe('bins', () => {
  test('lie evenly over the smallest power of two above every magnitude', () => {
    // Largest magnitude 3.5, so [-4, 4) in steps of 1.
    expect(bins(-3.5, -1, -0.5, 0.5, 1, 1.5, 3.5)).toEqual([1, 0, 0, 2, 1, 2, 0, 1]);
    // A magnitude that is a power of two is not below it: [-8, 8) in steps of 2.
    expect(bins(4, -4, -0.001)).toEqual([0, 0, 1, 1, 0, 0, 1, 0]);
  });

  test('join in pairs when a value lies outside', () => {
    // [-1, 1) in steps of 0.25 at first, then [-4, 4) in steps of 1.
    expect(bins(0.1, 0.3, 0.9, -0.1, -0.9)).toEqual([1, 0, 0, 1, 1, 1, 0, 1]);
    expect(bins(0.1, 0.3, 0.9, -0.1, -0.9, 3)).toEqual([0, 0, 0, 2, 3, 0, 0, 1]);
  });

  test('do not depend on the order of the values', () => {
    const values = normalValues(5000).map((value, index) => value * 2 ** (index / 500 - 5));
    expect(histogramOf(values.toReversed())).toEqual(histogramOf(values));
  });

  test('are the same for float64 and float32 values', () => {
    const values = normalValues(1000);
    expect(histogramOf(Float64Array.from(values))).toEqual(histogramOf(values));
  });
});

test('counts zeros of both signs apart from the bins', () => {
  const { zeroCount, count, bins: counted, min, max } = histogramOf(Float32Array.of(0, -0, 2, 0));
  expect([zeroCount, count, min, max]).toEqual([3, 4, 0, 2]);
  expect(counted.reduce((a, b) => a + b, 0)).toBe(1);
});

test('counts what is not finite, or not within float32, and nothing else of it', () => {
  const values = Float64Array.of(1, NaN, Infinity, -Infinity, 1e300, -2);
  expect(histogramOf(values, 8)).toEqual({
    bins: Float64Array.of(0, 0, 1, 0, 0, 1, 0, 0),
    halfRange: 4,
    min: -2,
    max: 1,
    count: 2,
    zeroCount: 0,
    nonFiniteCount: 4,
  });
});

test('takes the extremes of float32 and denormal numbers', () => {
  const largest = 3.4028234663852886e38;
  const { halfRange, min, max, bins: counted } = histogramOf(Float32Array.of(largest, -1e-45), 8);
  expect([halfRange, max]).toEqual([2 ** 128, largest]);
  expect(min).toBe(-(2 ** -149));
  expect([...counted]).toEqual([0, 0, 0, 1, 0, 0, 0, 1]);
  expect([...histogramOf(Float32Array.of(1e-45), 8).bins]).toEqual([0, 0, 0, 0, 1, 0, 0, 0]);
});

test('has seen nothing at first', () => {
  const { count, min, max, bins: counted } = histogramOf(new Float32Array());
  expect([count, min, max]).toEqual([0, Infinity, -Infinity]);
  expect(counted).toHaveLength(8192);
});

describe('merging', () => {
  const parts: readonly (readonly [string, Float32Array, Float32Array])[] = [
    ['equal ranges', normalValues(3000, 1), normalValues(2000, 2)],
    ['a small and a large range', normalValues(3000).map((x) => x / 1000), normalValues(500, 3)],
    ['one-sided ones', relu(normalValues(999)), relu(normalValues(77, 5)).map((x) => -x * 50)],
    ['an empty one', new Float32Array(), normalValues(10)],
    ['zeros only', new Float32Array(4), normalValues(10)],
    ['values that are not finite', Float32Array.of(NaN, 1), Float32Array.of(Infinity, 300)],
  ];

  test.each(parts)('of %s gives what feeding all gives', (_, a, b) => {
    const all = new ActivationHistogram();
    all.add(a);
    all.add(b);
    const [left, right] = [histogramOf(a), histogramOf(b)];
    expect(mergeHistograms(left, right)).toEqual(all.toPlain());
    expect(mergeHistograms(right, left)).toEqual(all.toPlain());
    expect(left).toEqual(histogramOf(a));
  });

  test('refuses another number of bins', () => {
    const [a, b] = [histogramOf(new Float32Array(), 8), histogramOf(new Float32Array(), 16)];
    expect(() => mergeHistograms(a, b)).toThrow('histograms of 16 and 8 bins cannot be merged');
  });
});

test('survives a structured clone and goes on counting', () => {
  const plain = structuredClone(histogramOf(normalValues(100, 1)));
  const restored = histogramFromPlain(plain);
  expect(restored.toPlain()).toEqual(plain);
  restored.add(normalValues(100, 2));
  const all = histogramOf(Float32Array.of(...normalValues(100, 1), ...normalValues(100, 2)));
  expect(restored.toPlain()).toEqual(all);
});

test('gives copies, which later values do not change', () => {
  const histogram = new ActivationHistogram({ binCount: 8 });
  histogram.add(Float32Array.of(1));
  const plain = histogram.toPlain();
  histogram.add(Float32Array.of(1));
  expect(plain.bins.reduce((a, b) => a + b, 0)).toBe(1);
});

test.each([0, 6, 2.5, -4])('refuses %d bins', (binCount) => {
  expect(() => new ActivationHistogram({ binCount })).toThrow('multiple of 4');
});
