import { expect, test } from 'vitest';
import { floatsOf, isFloat, numbersOf } from '../../../engine/artifacts/tensor-values.ts';
import type { Tensor } from '../../../engine/runtime/tensor.ts';

test('floats of every width are floats, nothing else is', () => {
  const typed = (type: Tensor['type']): Tensor => ({ type, dims: [0], data: new Float32Array() });
  const types = ['float16', 'float32', 'float64', 'uint16', 'int8', 'bool', 'string'] as const;
  expect(types.filter((type) => isFloat(typed(type)))).toEqual(['float16', 'float32', 'float64']);
});

test('float16 is read from its bits, also from a view into a larger buffer', () => {
  // 0x3c00 is 1, 0xc000 is -2 (IEEE 754 binary16).
  const data = Uint16Array.of(0x7c00, 0x3c00, 0xc000).subarray(1);
  expect(Array.from(floatsOf({ type: 'float16', dims: [2], data }))).toEqual([1, -2]);
});

test('wider floats are the data itself, not a copy', () => {
  const data = Float64Array.of(-1, 2);
  expect(floatsOf({ type: 'float64', dims: [2], data })).toBe(data);
});

test('numbers of 64 bits stay exact, and float16 among numbers is read from its bits too', () => {
  const data = BigInt64Array.of(2n ** 62n + 1n);
  expect(numbersOf({ type: 'int64', dims: [1], data })).toBe(data);
  const bits = Uint16Array.of(0x3c00);
  expect(Array.from(numbersOf({ type: 'float16', dims: [1], data: bits }))).toEqual([1]);
});
