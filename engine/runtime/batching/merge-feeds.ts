import {
  elementCount,
  type NumericArray,
  type NumericType,
  type Tensor,
  type TensorData,
  type Tensors,
} from '../tensor.ts';

/** Gives an array of exactly `elements` elements of the type; the content does not matter. */
export type AllocateTensor = (type: NumericType, elements: number) => NumericArray;

/**
 * Merges the feeds of requests along axis 0, in their order. All must have the names,
 * types and trailing shapes of the first, and data as long as their shapes say. Each
 * feed is copied once, into an array of the allocator's that the caller gives back
 * after the run; a single request is returned as it is, uncopied.
 */
export function mergeFeeds(
  requests: readonly [Tensors, ...Tensors[]],
  allocate: AllocateTensor,
): Tensors {
  const first = requests[0];
  if (requests.length === 1) return first;
  const merged: Record<string, Tensor> = {};
  for (const name of Object.keys(first)) {
    merged[name] = mergeTensors(
      requests.map((feeds) => feeds[name] as Tensor),
      allocate,
    );
  }
  return merged;
}

function mergeTensors(parts: readonly Tensor[], allocate: AllocateTensor): Tensor {
  const { type, dims } = parts[0] as Tensor;
  const rows = parts.reduce((sum, part) => sum + (part.dims[0] as number), 0);
  const mergedDims = [rows, ...dims.slice(1)];
  const data: TensorData =
    type === 'string'
      ? parts.flatMap((part) => part.data as readonly string[])
      : copyInto(allocate(type, elementCount(mergedDims)), parts);
  return { type, dims: mergedDims, data };
}

/** Throws where the allocator gave too little (RangeError) or an array of another kind (TypeError). */
function copyInto(target: NumericArray, parts: readonly Tensor[]): NumericArray {
  // Arrays of one tensor type have one class: naming any of them settles set()'s overloads.
  const array = target as Float32Array;
  let offset = 0;
  for (const part of parts) {
    const data = part.data as Float32Array;
    array.set(data, offset);
    offset += data.length;
  }
  if (offset !== array.length) {
    throw new RangeError(`merged ${offset} elements into an array of ${array.length}`);
  }
  return target;
}
