import { describe, expect, test } from 'vitest';
import { createRandom } from '../../../../engine/base/random.ts';
import {
  activationParams,
  quantizeBias,
  quantizeWeights,
} from '../../../../engine/graph/quantization/quant-params.ts';

describe('activations', () => {
  test.each([
    // By hand: a 255th of the range; the integer that 0 falls on.
    { range: { min: 0, max: 2.55 }, type: 'uint8', scale: 0.01, zeroPoint: 0 },
    { range: { min: 0, max: 2.55 }, type: 'int8', scale: 0.01, zeroPoint: -128 },
    { range: { min: -2.55, max: 0 }, type: 'uint8', scale: 0.01, zeroPoint: 255 },
    { range: { min: -2.55, max: 0 }, type: 'int8', scale: 0.01, zeroPoint: 127 },
    { range: { min: -1, max: 1.55 }, type: 'uint8', scale: 0.01, zeroPoint: 100 },
    { range: { min: -1.28, max: 1.27 }, type: 'int8', scale: 0.01, zeroPoint: 0 },
    // Widened to 0.
    { range: { min: 1, max: 2.55 }, type: 'uint8', scale: 0.01, zeroPoint: 0 },
    { range: { min: -5.1, max: -1 }, type: 'uint8', scale: 0.02, zeroPoint: 255 },
    // Nothing but zeros, and less than a float32 scale can express.
    { range: { min: 0, max: 0 }, type: 'uint8', scale: 1, zeroPoint: 0 },
    { range: { min: -1e-44, max: 1e-44 }, type: 'int8', scale: 1, zeroPoint: -128 },
    { range: { min: 5, max: 5 }, type: 'uint8', scale: 5 / 255, zeroPoint: 0 },
  ] as const)('$type of [$range.min, $range.max]', ({ range, type, scale, zeroPoint }) => {
    expect(activationParams(range, { type })).toEqual({
      type,
      scale: Math.fround(scale),
      zeroPoint,
    });
  });

  test('hold both ends within half a step, and 0 exactly', () => {
    const random = createRandom(1);
    for (let round = 0; round < 500; round += 1) {
      const size = 2 ** random.between(-60, 60);
      const range = { min: -size * random.next(), max: size * random.next() };
      const { scale, zeroPoint } = activationParams(range, { type: 'uint8' });
      expect(Number.isInteger(zeroPoint)).toBe(true);
      expect(scale * (0 - zeroPoint) - range.min).toBeLessThanOrEqual(0.501 * scale);
      expect(range.max - scale * (255 - zeroPoint)).toBeLessThanOrEqual(0.501 * scale);
    }
  });

  test('take the whole range of float32', () => {
    const { scale } = activationParams({ min: -3.4e38, max: 3.4e38 }, { type: 'uint8' });
    expect(scale).toBeCloseTo(6.8e38 / 255, -33);
  });

  test('must be finite', () => {
    const range = { min: -Infinity, max: 1 };
    expect(() => activationParams(range, { type: 'uint8' })).toThrow('must be finite');
  });
});

describe('weights', () => {
  // Columns by hand: 127 / 127 = 1, and 254 / 127 = 2.
  const data = Float32Array.of(127, -254, 63.4, 101, -0.6, 3);

  test('have a scale for each channel of the last axis', () => {
    const { values, scales } = quantizeWeights(data, { dims: [3, 2], axis: 1, bits: 8 });
    expect([...scales]).toEqual([1, 2]);
    // 101 / 2 = 50.5 and 3 / 2 = 1.5 go to the even neighbour.
    expect([...values]).toEqual([127, -127, 63, 50, -1, 2]);
  });

  test('have a scale for each channel of the first axis', () => {
    const rows = Float32Array.of(127, 63.4, -0.6, -254, 101, 3);
    const { values, scales } = quantizeWeights(rows, { dims: [2, 3], axis: 0, bits: 8 });
    expect([...scales]).toEqual([1, 2]);
    expect([...values]).toEqual([127, 63, -1, -127, 50, 2]);
  });

  test('have a scale for each channel of an axis between', () => {
    // [2, 2, 2]: channel 0 has 1, 2, 5, -12.7, channel 1 the rest.
    const cube = Float32Array.of(1, 2, 127, 4, 5, -12.7, 7, 8);
    const { values, scales } = quantizeWeights(cube, { dims: [2, 2, 2], axis: 1, bits: 8 });
    expect([...scales]).toEqual([Math.fround(0.1), 1]);
    expect([...values]).toEqual([10, 20, 127, 4, 50, -127, 7, 8]);
  });

  test('of 7 bits stay within 63', () => {
    const { values, scales } = quantizeWeights(data, { dims: [3, 2], axis: 1, bits: 7 });
    expect([...scales]).toEqual([Math.fround(127 / 63), Math.fround(254 / 63)]);
    expect([...values]).toEqual([63, -63, 31, 25, 0, 1]);
  });

  test.each([8, 7] as const)('of %d bits are off by half a step at most', (bits) => {
    const random = createRandom(3);
    const many = Float32Array.from(
      { length: 4096 },
      () => random.normal() * 2 ** random.between(-9, 9),
    );
    const { values, scales } = quantizeWeights(many, { dims: [64, 64], axis: 0, bits });
    for (const [index, value] of many.entries()) {
      const scale = scales[Math.floor(index / 64)] ?? 0;
      expect(Math.abs(scale * (values[index] ?? 0) - value)).toBeLessThanOrEqual(0.5001 * scale);
    }
  });

  test('of a channel of zeros take the largest scale of the others', () => {
    const some = Float32Array.of(127, 0, 254);
    expect([...quantizeWeights(some, { dims: [3], axis: 0, bits: 8 }).scales]).toEqual([1, 2, 2]);
    const none = quantizeWeights(new Float32Array(2), { dims: [2], axis: 0, bits: 8 });
    expect([...none.scales]).toEqual([1, 1]);
    expect([...none.values]).toEqual([0, 0]);
  });

  test('that are denormal keep a normal scale', () => {
    const { values, scales } = quantizeWeights(Float32Array.of(1e-44), {
      dims: [1],
      axis: 0,
      bits: 8,
    });
    expect([...scales, ...values]).toEqual([2 ** -126, 0]);
  });

  test('of no elements are none', () => {
    const { values } = quantizeWeights(new Float32Array(), { dims: [0, 3], axis: 1, bits: 8 });
    expect(values).toHaveLength(0);
  });

  test.each([NaN, Infinity])('must not be %d', (bad) => {
    const options = { dims: [2], axis: 0, bits: 8 } as const;
    expect(() => quantizeWeights(Float32Array.of(1, bad), options)).toThrow('must be finite');
  });

  test('must fill their shape', () => {
    expect(() => quantizeWeights(data, { dims: [2, 2], axis: 1, bits: 8 })).toThrow('do not fill');
  });
});

describe('biases', () => {
  test('count steps of the products', () => {
    // 0.5 x 0.25 = 0.125: 1 is 8 steps; 0.5 x 0.5 = 0.25: -1 is 4, 0.125 is half a step.
    const bias = Float32Array.of(1, -1, 0.125);
    const { values, scales, clamped } = quantizeBias(bias, 0.5, Float32Array.of(0.25, 0.5, 0.5));
    expect([...values]).toEqual([8, -4, 0]);
    expect([...scales]).toEqual([0.125, 0.25, 0.25]);
    expect(clamped).toBe(0);
  });

  test('share the one scale of a tensor', () => {
    const { values } = quantizeBias(Float32Array.of(1, 2), 0.5, Float32Array.of(0.5));
    expect([...values]).toEqual([4, 8]);
  });

  test('that int32 cannot hold are clamped and counted', () => {
    const bias = Float32Array.of(2 ** 20, -(2 ** 20), 1);
    const { values, clamped } = quantizeBias(bias, 2 ** -10, Float32Array.of(2 ** -10));
    expect([...values]).toEqual([2 ** 31 - 1, -(2 ** 31), 2 ** 20]);
    expect(clamped).toBe(2);
  });

  test('survive a product of scales below float32', () => {
    const tiny = 2 ** -100;
    const { scales, values } = quantizeBias(
      Float32Array.of(2 ** -126, 0),
      tiny,
      Float32Array.of(tiny),
    );
    expect([...scales]).toEqual([2 ** -126, 2 ** -126]);
    expect([...values]).toEqual([1, 0]);
  });

  test('must be finite', () => {
    expect(() => quantizeBias(Float32Array.of(NaN), 1, Float32Array.of(1))).toThrow('finite');
  });
});
