import { elementByteLength, elementTypeName } from './element-type.ts';
import type { OnnxTensor } from './model.ts';

/**
 * Reading constants as numbers. Every function gives null for what it cannot
 * read (another element type, external data that was not loaded): a rewrite then
 * leaves the place alone. The result must not be written to: it may be a view of
 * the file.
 */

/** Elements of a shape; 1 for a scalar. */
export function tensorSize(tensor: OnnxTensor): number {
  return tensor.dims.reduce((product, dim) => product * dim, 1);
}

/** A float32 tensor's elements. */
export function readFloats(tensor: OnnxTensor): Float32Array | null {
  if (elementTypeName(tensor.dataType) !== 'float32') return null;
  const values = tensor.rawData === undefined ? tensor.floatData : view32(tensor.rawData);
  return values !== null && values.length === tensorSize(tensor) ? values : null;
}

/** An int64 or int32 tensor's elements as numbers; null also when one is no safe integer. */
export function readIntegers(tensor: OnnxTensor): readonly number[] | null {
  const values = rawIntegers(tensor);
  if (values === null || values.length !== tensorSize(tensor)) return null;
  const numbers = Array.from(values as ArrayLike<number | bigint>, Number);
  return numbers.every(Number.isSafeInteger) ? numbers : null;
}

/**
 * The same where only bounds matter, such as the ends of a Slice, which are often the
 * largest int64: what is no safe integer becomes plus or minus infinity.
 */
export function readBounds(tensor: OnnxTensor): readonly number[] | null {
  const values = rawIntegers(tensor);
  if (values === null || values.length !== tensorSize(tensor)) return null;
  return Array.from(values as ArrayLike<number | bigint>, (value) => {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : number * Infinity;
  });
}

function rawIntegers(tensor: OnnxTensor): BigInt64Array | Int32Array | null {
  const type = elementTypeName(tensor.dataType);
  const { rawData } = tensor;
  if (type === 'int64') {
    if (rawData === undefined) return tensor.int64Data;
    if (rawData.byteLength % 8 !== 0) return null;
    const aligned = alignTo(rawData, 8);
    return new BigInt64Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 8);
  }
  if (type !== 'int32') return null;
  if (rawData === undefined) return tensor.int32Data;
  if (rawData.byteLength % 4 !== 0) return null;
  const aligned = alignTo(rawData, 4);
  return new Int32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4);
}

/** The only element of a float32 tensor with one; null otherwise. */
export function readScalar(tensor: OnnxTensor | null): number | null {
  if (tensor === null || tensorSize(tensor) !== 1) return null;
  return readFloats(tensor)?.[0] ?? null;
}

/**
 * Whether every element is 0, or every one 1 (true), and there is one; bit by bit, so
 * that -0 is no 0. False where it cannot be told.
 */
export function isFilledWith(tensor: OnnxTensor, value: 0 | 1): boolean {
  const type = elementTypeName(tensor.dataType) ?? '';
  const size = tensorSize(tensor);
  const length = elementByteLength(type);
  if (size === 0 || length === null) return false;
  const { rawData } = tensor;
  if (rawData !== undefined) {
    const pattern = value === 0 ? new Uint8Array(length) : ONES.get(type);
    if (pattern === undefined || rawData.byteLength !== size * length) return false;
    return rawData.every((byte, index) => byte === pattern[index % length]);
  }
  // Two-byte floats are bit patterns in `int32Data`.
  if (type.endsWith('float16')) return false;
  const fields = [tensor.floatData, tensor.int32Data, tensor.doubleData];
  if (tensor.int64Data.length === size)
    return tensor.int64Data.every((one) => one === BigInt(value));
  return fields.some(
    (field) => field.length === size && field.every((one) => Object.is(one, value)),
  );
}

/** The bytes of 1, little-endian. */
const ONES: ReadonlyMap<string, Uint8Array> = new Map(
  (
    [
      ['float64', Float64Array.of(1)],
      ['float32', Float32Array.of(1)],
      ['float16', Uint16Array.of(0x3c00)],
      ['bfloat16', Uint16Array.of(0x3f80)],
      ['int64', BigInt64Array.of(1n)],
      ['uint64', BigUint64Array.of(1n)],
      ['int32', Int32Array.of(1)],
      ['uint32', Uint32Array.of(1)],
      ['int16', Int16Array.of(1)],
      ['uint16', Uint16Array.of(1)],
      ['int8', Int8Array.of(1)],
      ['uint8', Uint8Array.of(1)],
      ['bool', Uint8Array.of(1)],
    ] satisfies [string, ArrayBufferView][]
  ).map(([type, { buffer }]) => [type, new Uint8Array(buffer)]),
);

function view32(bytes: Uint8Array): Float32Array | null {
  if (bytes.byteLength % 4 !== 0) return null;
  const aligned = alignTo(bytes, 4);
  return new Float32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4);
}

/**
 * Typed arrays need alignment, which a position in a file has by chance only. Not by
 * `slice`, which copies nothing where the file was read into a Buffer.
 */
function alignTo(bytes: Uint8Array, size: number): Uint8Array {
  return bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
}
