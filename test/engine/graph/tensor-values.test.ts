import { expect, test } from 'vitest';
import { createTensor } from '../../../engine/graph/create-tensor.ts';
import { elementByteLength, elementTypeNumber } from '../../../engine/graph/element-type.ts';
import type { OnnxTensor } from '../../../engine/graph/model.ts';
import { isFilledWith } from '../../../engine/graph/tensor-values.ts';

function tensor(type: string, data: ArrayBufferView, size: number): OnnxTensor {
  return createTensor('t', { type, dims: [size], data });
}

test.each([
  ['float32', Float32Array.of(1, 1)],
  ['float64', Float64Array.of(1, 1)],
  ['float16', Uint16Array.of(0x3c00, 0x3c00)],
  ['bfloat16', Uint16Array.of(0x3f80, 0x3f80)],
  ['int64', BigInt64Array.of(1n, 1n)],
  ['int8', Int8Array.of(1, 1)],
  ['uint16', Uint16Array.of(1, 1)],
  ['bool', Uint8Array.of(1, 1)],
])('sees ones and zeros of %s', (type, ones) => {
  const zeros = new Uint8Array(ones.byteLength);
  expect(isFilledWith(tensor(type, ones, 2), 1)).toBe(true);
  expect(isFilledWith(tensor(type, ones, 2), 0)).toBe(false);
  expect(isFilledWith(tensor(type, zeros, 2), 0)).toBe(true);
  expect(isFilledWith(tensor(type, zeros, 2), 1)).toBe(false);
});

test.each([
  ['-0', tensor('float32', Float32Array.of(-0), 1)],
  ['one that differs', tensor('float32', Float32Array.of(0, 0, 1e-40), 3)],
  ['no elements', tensor('float32', new Float32Array(0), 0)],
  ['too few elements', tensor('float32', Float32Array.of(0), 2)],
  ['4-bit elements', tensor('int4', Uint8Array.of(0), 2)],
  ['elements in another file', { ...tensor('float32', Float32Array.of(0), 1), rawData: undefined }],
] as const)('does not take %s for zeros', (_, given) => {
  const { rawData, ...rest } = given;
  expect(isFilledWith(rawData === undefined ? rest : { ...rest, rawData }, 0)).toBe(false);
});

test('reads the typed fields, but not bit patterns of two-byte floats', () => {
  const { rawData: _, ...empty } = tensor('float32', Float32Array.of(0), 1);
  expect(isFilledWith({ ...empty, floatData: Float32Array.of(1) }, 1)).toBe(true);
  const int64 = { ...empty, dataType: elementTypeNumber('int64') };
  expect(isFilledWith({ ...int64, int64Data: BigInt64Array.of(1n) }, 1)).toBe(true);
  const bool = { ...empty, dataType: elementTypeNumber('bool') };
  expect(isFilledWith({ ...bool, int32Data: Int32Array.of(1) }, 1)).toBe(true);
  const half = { ...empty, dataType: elementTypeNumber('float16') };
  expect(isFilledWith({ ...half, int32Data: Int32Array.of(1) }, 1)).toBe(false);
});

test.each([
  ['float32', 4],
  ['float16', 2],
  ['bfloat16', 2],
  ['bool', 1],
  ['uint8', 1],
  ['float8e4m3fnuz', 1],
  ['complex128', 16],
  ['string', null],
  ['int4', null],
  ['float4e2m1', null],
] as const)('an element of %s has %o bytes', (type, bytes) => {
  expect(elementByteLength(type)).toBe(bytes);
});
