import type { NumericArray, Tensor, Tensors } from './tensor.ts';

/**
 * The same tensors in shared memory, so that a message to another thread
 * carries no data. Tensors already there are passed as they are; texts, which
 * cannot be shared, are copied by the message.
 */
export function toSharedTensors(tensors: Tensors): Tensors {
  const shared: Record<string, Tensor> = {};
  for (const name of Object.keys(tensors)) shared[name] = toSharedTensor(tensors[name] as Tensor);
  return shared;
}

function toSharedTensor(tensor: Tensor): Tensor {
  if (Array.isArray(tensor.data)) return tensor;
  const data = tensor.data as NumericArray;
  if (data.buffer instanceof SharedArrayBuffer) return tensor;
  const copy = new Uint8Array(new SharedArrayBuffer(data.byteLength));
  copy.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  const arrayOf = data.constructor as new (buffer: ArrayBufferLike) => NumericArray;
  return { type: tensor.type, dims: tensor.dims, data: new arrayOf(copy.buffer) };
}
