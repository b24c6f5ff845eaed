import { describe, expect, test } from 'vitest';
import {
  missedFloors,
  QualityMeter,
  type Quality,
} from '../../../../engine/artifacts/quantization/quality.ts';
import type { Tensors } from '../../../../engine/runtime/tensor.ts';

function rows(...values: readonly (readonly number[])[]): Tensors {
  const dims = [values.length, values[0]?.length ?? 0];
  return { y: { type: 'float32', dims, data: Float32Array.from(values.flat()) } };
}

function measured(original: Tensors, variant: Tensors, labels: Int32Array | null = null): Quality {
  const meter = new QualityMeter();
  meter.add({ original, variant }, 2, labels);
  return meter.result();
}

describe('quality', () => {
  test('of equal outputs is the best there is', () => {
    const y = rows([1, 2], [3, -4]);
    expect(measured(y, y)).toEqual({
      samples: 2,
      cosine: 1,
      sqnrDb: 200,
      agreement: 1,
      accuracy: null,
      originalAccuracy: null,
    });
  });

  test('is what arithmetic by hand gives', () => {
    // Signal 1 + 0 + 0 + 4 = 5, noise 0 + 1 + 0 + 1 = 2: 10 log10(2.5) = 3.979 dB.
    // Cosines: (1,0).(1,1) / sqrt 2 = 0.7071; (0,2).(0,1) / 2 = 1. Mean 0.8536.
    const quality = measured(rows([1, 0], [0, 2]), rows([1, 1], [0, 1]));
    expect(quality.sqnrDb).toBeCloseTo(3.979, 3);
    expect(quality.cosine).toBeCloseTo((Math.SQRT1_2 + 1) / 2, 10);
  });

  test('counts agreement with the original, and accuracy against labels, apart', () => {
    const quality = measured(rows([0, 1], [1, 0]), rows([1, 0], [1, 0]), Int32Array.of(0, 1));
    expect(quality).toMatchObject({ agreement: 0.5, accuracy: 0.5, originalAccuracy: 0 });
  });

  test('NaN is the worst, and an infinity in both is no difference', () => {
    expect(measured(rows([1, 2], [3, 4]), rows([NaN, 2], [3, 4])).cosine).toBe(0);
    const masked = rows([-Infinity, 2], [3, 4]);
    expect(measured(masked, masked)).toMatchObject({ cosine: 1, sqnrDb: 200 });
  });

  test('of several outputs the worst counts', () => {
    const two = (y: number): Tensors => ({
      ...rows([1, 2], [3, 4]),
      z: { type: 'float32', dims: [2, 1], data: Float32Array.of(y, y) },
    });
    expect(measured(two(1), two(-1)).cosine).toBe(-1);
  });
});

test('a floor is missed by what lies below it, and by what cannot be measured', () => {
  const quality: Quality = {
    samples: 10,
    cosine: 0.98,
    sqnrDb: 20,
    agreement: null,
    accuracy: 0.94,
    originalAccuracy: 0.96,
  };
  const kinds = (floors: Parameters<typeof missedFloors>[1]): string[] =>
    missedFloors(quality, floors).map(({ floor }) => floor.kind);
  expect(
    kinds([
      { kind: 'cosine', value: 0.98 },
      { kind: 'sqnr', value: 20 },
    ]),
  ).toEqual([]);
  expect(kinds([{ kind: 'cosine', value: 0.981 }])).toEqual(['cosine']);
  expect(kinds([{ kind: 'agreement', value: 0.1 }])).toEqual(['agreement']);
  expect(kinds([{ kind: 'accuracy-loss', value: 0.03 }])).toEqual([]);
  expect(kinds([{ kind: 'accuracy-loss', value: 0.01 }])).toEqual(['accuracy-loss']);
});
