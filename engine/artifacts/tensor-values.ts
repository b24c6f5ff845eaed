import type { NumericArray, Tensor } from '../runtime/tensor.ts';

export function isFloat({ type }: Tensor): boolean {
  return /^float(16|32|64)$/.test(type);
}

/** The elements of a tensor of floats; a view, not a copy. */
export function floatsOf(tensor: Tensor): ArrayLike<number> {
  return numbersOf(tensor) as ArrayLike<number>;
}

/** The elements of a tensor of numbers, float16 read from its bits; a view, not a copy. */
export function numbersOf({ type, data }: Tensor): ArrayLike<number | bigint> {
  const numbers = data as NumericArray;
  if (type !== 'float16') return numbers;
  return new Float16Array(numbers.buffer, numbers.byteOffset, numbers.length);
}
