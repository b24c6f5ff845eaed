import { elementTypeName } from '../element-type.ts';
import type { OnnxTensor } from '../model.ts';
import { readBounds, readFloats, tensorSize } from '../tensor-values.ts';
import { MAX_ELEMENTS, shaped, type ValueShape } from './value-shape.ts';

/** A constant's shape, and its elements where they may be part of shape arithmetic. */
export function constantShape(tensor: OnnxTensor): ValueShape {
  const elements = tensorSize(tensor) <= MAX_ELEMENTS ? readElements(tensor) : null;
  return shaped(elementTypeName(tensor.dataType), tensor.dims, elements);
}

function readElements(tensor: OnnxTensor): readonly number[] | null {
  const type = elementTypeName(tensor.dataType);
  if (type === 'float32') return Array.from(readFloats(tensor) ?? []);
  if (type === 'int64' || type === 'int32') return readBounds(tensor);
  if (type !== 'bool') return null;
  return Array.from(tensor.rawData ?? tensor.int32Data, (value) => (value === 0 ? 0 : 1));
}
