import { elementTypeName } from './element-type.ts';
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
