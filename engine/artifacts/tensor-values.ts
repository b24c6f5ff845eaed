import type { Tensor } from '../runtime/tensor.ts';

export function isFloat({ type }: Tensor): boolean {
  return /^float(16|32|64)$/.test(type);
}

/** The elements of a tensor of floats, float16 read from its bits; a view, not a copy. */
export function floatsOf({ type, data }: Tensor): ArrayLike<number> {
  if (type !== 'float16') return data as Float32Array | Float64Array;
  const bits = data as Uint16Array;
  return new Float16Array(bits.buffer, bits.byteOffset, bits.length);
}
