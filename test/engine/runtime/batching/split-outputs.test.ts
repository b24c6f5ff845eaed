import { describe, expect, it } from 'vitest';
import { rowMismatch, splitOutputs } from '../../../../engine/runtime/batching/split-outputs.ts';
import type { Tensors } from '../../../../engine/runtime/tensor.ts';

const ONE: Tensors = {
  x: { type: 'float32', dims: [1, 2], data: Float32Array.of(1, 2) },
  text: { type: 'string', dims: [1, 1], data: ['a'] },
};
const TWO: Tensors = {
  x: { type: 'float32', dims: [2, 2], data: Float32Array.of(3, 4, 5, 6) },
  text: { type: 'string', dims: [2, 1], data: ['b', 'c'] },
};

describe('splitOutputs', () => {
  const whole = Float32Array.of(1, 2, 3, 4, 5, 6);
  const outputs: Tensors = {
    x: { type: 'float32', dims: [3, 2], data: whole },
    text: { type: 'string', dims: [3, 1], data: ['a', 'b', 'c'] },
  };

  it('gives each request its rows back', () => {
    expect(splitOutputs(outputs, { samples: [1, 2], owned: false })).toEqual([ONE, TWO]);
    expect(splitOutputs(outputs, { samples: [1, 2], owned: true })).toEqual([ONE, TWO]);
  });

  it('gives views of the outputs where the caller does not ask to own them', () => {
    const [, two] = splitOutputs(outputs, { samples: [1, 2], owned: false });
    const data = two?.['x']?.data as Float32Array;
    expect(data.buffer).toBe(whole.buffer);
    expect(data.byteOffset).toBe(8);
  });

  it('gives arrays of their own size where the caller asks to own them', () => {
    const [, two] = splitOutputs(outputs, { samples: [1, 2], owned: true });
    const data = two?.['x']?.data as Float32Array;
    expect(data.buffer).not.toBe(whole.buffer);
    expect(data.buffer.byteLength).toBe(16);
  });
});

describe('rowMismatch', () => {
  const output = (dims: readonly number[]): Tensors => ({
    y: { type: 'float32', dims: [3, 1], data: new Float32Array(3) },
    z: { type: 'float32', dims, data: new Float32Array(6) },
  });

  it('has nothing against a row for each sample', () => {
    expect(rowMismatch(output([3, 2]), 3)).toBeNull();
  });

  it.each([
    [[2, 3], "output 'z' has 2 rows for 3 samples"],
    [[6, 1], "output 'z' has 6 rows for 3 samples"],
    [[], "output 'z' has no rows for 3 samples"],
  ])('names an output of shape %j', (dims, reason) => {
    expect(rowMismatch(output(dims), 3)).toBe(reason);
  });
});
