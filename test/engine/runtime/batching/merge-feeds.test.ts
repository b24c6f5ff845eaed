import { describe, expect, it } from 'vitest';
import { mergeFeeds } from '../../../../engine/runtime/batching/merge-feeds.ts';
import type { NumericArray, Tensors } from '../../../../engine/runtime/tensor.ts';
import { allocateArray } from './allocate-array.ts';

function never(): NumericArray {
  throw new Error('nothing is to be allocated');
}

const ONE: Tensors = {
  x: { type: 'float32', dims: [1, 2], data: Float32Array.of(1, 2) },
  id: { type: 'int64', dims: [1], data: BigInt64Array.of(10n) },
  text: { type: 'string', dims: [1, 1], data: ['a'] },
};
const TWO: Tensors = {
  x: { type: 'float32', dims: [2, 2], data: Float32Array.of(3, 4, 5, 6) },
  id: { type: 'int64', dims: [2], data: BigInt64Array.of(20n, 30n) },
  text: { type: 'string', dims: [2, 1], data: ['b', 'c'] },
};

describe('mergeFeeds', () => {
  it('puts the rows of each input one after the other, numbers and texts', () => {
    expect(mergeFeeds([ONE, TWO], allocateArray)).toEqual({
      x: { type: 'float32', dims: [3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
      id: { type: 'int64', dims: [3], data: BigInt64Array.of(10n, 20n, 30n) },
      text: { type: 'string', dims: [3, 1], data: ['a', 'b', 'c'] },
    });
  });

  it('passes a single request through untouched, and allocates nothing', () => {
    expect(mergeFeeds([TWO], never)).toBe(TWO);
  });

  it('writes into the arrays of the allocator, one an input of exactly its size', () => {
    const asked: string[] = [];
    const given: NumericArray[] = [];
    const merged = mergeFeeds([ONE, TWO], (type, elements) => {
      asked.push(`${type} ${elements}`);
      const array = allocateArray(type, elements);
      given.push(array);
      return array;
    });
    expect(asked).toEqual(['float32 6', 'int64 3']);
    expect(merged['x']?.data).toBe(given[0]);
    expect(merged['id']?.data).toBe(given[1]);
  });

  it('reads views at an offset, also of shared memory', () => {
    const shared = new Float32Array(new SharedArrayBuffer(16));
    shared.set([9, 1, 2, 9]);
    const view = { x: { type: 'float32', dims: [1, 2], data: shared.subarray(1, 3) } } as const;
    const merged = mergeFeeds([view, view], allocateArray);
    expect(merged['x']?.data).toEqual(Float32Array.of(1, 2, 1, 2));
  });

  it('carries the bits of float16 and bool', () => {
    const feeds: Tensors = {
      h: { type: 'float16', dims: [1], data: Uint16Array.of(0x3c00) },
      b: { type: 'bool', dims: [1], data: Uint8Array.of(1) },
    };
    const merged = mergeFeeds([feeds, feeds], allocateArray);
    expect(merged['h']?.data).toEqual(Uint16Array.of(0x3c00, 0x3c00));
    expect(merged['b']?.data).toEqual(Uint8Array.of(1, 1));
  });

  it.each([
    [1, 'less'],
    [20, 'more'],
  ])('refuses an array of %d elements, %s than needed', (length) => {
    const x = { x: ONE['x'] as Tensors[string] };
    expect(() => mergeFeeds([x, x], () => new Float32Array(length))).toThrow(RangeError);
  });
});
