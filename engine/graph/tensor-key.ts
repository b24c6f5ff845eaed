import { hash } from 'node:crypto';
import { elementTypeName } from './element-type.ts';
import type { OnnxTensor } from './model.ts';

/** What two equal tensors share at least; cheap, the elements are not read. */
export function tensorShapeKey(tensor: OnnxTensor): string {
  return `${tensor.dataType}[${tensor.dims.join(',')}]`;
}

/**
 * The same text for tensors of the same type, shape and elements, bit by bit
 * (so -0 differs from 0, and NaNs by their bits); null for what is not compared:
 * texts, and parts of tensors. Reads all elements, in place.
 */
export function tensorKey(tensor: OnnxTensor): string | null {
  if (tensor.segment !== undefined || tensor.stringData.length > 0) return null;
  const shape = tensorShapeKey(tensor);
  if (tensor.externalData.length > 0) {
    const entries = tensor.externalData.map(({ key, value }) => [key, value]);
    return `${shape} external ${JSON.stringify(entries)}`;
  }
  const { bytes, layout } = elementBytes(tensor);
  return `${shape} ${layout} ${hash('sha256', bytes, 'base64')}`;
}

/**
 * The fields for elements of 4 and 8 bytes hold what `rawData` would hold; the
 * smaller types are widened in `int32Data`, so that the layout tells them apart.
 */
function elementBytes(tensor: OnnxTensor): { bytes: Uint8Array; layout: 'raw' | 'widened' } {
  if (tensor.rawData !== undefined) return { bytes: tensor.rawData, layout: 'raw' };
  const { floatData, int32Data, int64Data, doubleData, uint64Data } = tensor;
  const fields = [floatData, int32Data, int64Data, doubleData, uint64Data];
  const { buffer, byteOffset, byteLength } = fields.find(({ length }) => length > 0) ?? floatData;
  const isWidened = !SAME_LAYOUT.has(elementTypeName(tensor.dataType) ?? '');
  return {
    bytes: new Uint8Array(buffer, byteOffset, byteLength),
    layout: isWidened ? 'widened' : 'raw',
  };
}

const SAME_LAYOUT: ReadonlySet<string> = new Set([
  'complex128',
  'complex64',
  'float32',
  'float64',
  'int32',
  'int64',
  'uint64',
]);
