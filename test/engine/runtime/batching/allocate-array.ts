import {
  elementBytes,
  viewElements,
  type NumericArray,
  type NumericType,
} from '../../../../engine/runtime/tensor.ts';

/** A fresh array, as the simplest of all allocators. */
export function allocateArray(type: NumericType, elements: number): NumericArray {
  return viewElements(type, new ArrayBuffer(elements * elementBytes(type)), 0, elements);
}
