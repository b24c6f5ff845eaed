import { elementByteLength, elementTypeName } from './element-type.ts';
import { isExternal } from './external-data.ts';
import type { OnnxTensor } from './model.ts';
import { tensorSize } from './tensor-values.ts';

/**
 * What is wrong with a tensor, in words that name it; null when nothing is. Looks
 * at the shape, the type and the amount of raw data, not at the elements.
 */
export function tensorComplaint(tensor: OnnxTensor): string | null {
  const what = `the tensor '${tensor.name ?? ''}'`;
  const dims = `[${tensor.dims.join(', ')}]`;
  if (tensor.dims.some((dim) => dim < 0)) return `${what} has the shape ${dims}`;
  const type = elementTypeName(tensor.dataType);
  // A type of a newer version is kept as it is: nothing of ours looks into it.
  if (type === null || tensor.rawData === undefined || isExternal(tensor)) return null;
  if (type === 'string') return `${what} holds texts as raw bytes`;
  const wanted = rawBytes(type, tensorSize(tensor));
  const given = tensor.rawData.byteLength;
  if (given === wanted) return null;
  return `${what} is ${type}${dims}, which is ${wanted} bytes, and has ${given}`;
}

/** Types of less than a byte are packed, the last byte filled up. */
function rawBytes(type: string, count: number): number {
  const bytes = elementByteLength(type);
  if (bytes !== null) return count * bytes;
  const bits = Number(/[24]/.exec(type)?.[0] ?? 8);
  return Math.ceil((count * bits) / 8);
}
