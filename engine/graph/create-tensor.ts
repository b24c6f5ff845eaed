import { elementTypeNumber } from './element-type.ts';
import type { OnnxTensor } from './model.ts';

export type TensorContent =
  | {
      readonly type: string;
      readonly dims: readonly number[];
      /** Little-endian elements, packed two a byte for 4-bit types. */
      readonly data: ArrayBufferView;
    }
  | {
      readonly type: 'string';
      readonly dims: readonly number[];
      readonly strings: readonly string[];
    };

/** A tensor with its elements in place of `rawData`: a view, never a copy. */
export function createTensor(name: string, content: TensorContent): OnnxTensor {
  const tensor = { ...EMPTY, name, dims: content.dims, dataType: elementTypeNumber(content.type) };
  if ('strings' in content) {
    const encoder = new TextEncoder();
    return { ...tensor, stringData: content.strings.map((text) => encoder.encode(text)) };
  }
  const { buffer, byteOffset, byteLength } = content.data;
  return { ...tensor, rawData: new Uint8Array(buffer, byteOffset, byteLength) };
}

const EMPTY = Object.freeze({
  dims: [],
  floatData: new Float32Array(0),
  int32Data: new Int32Array(0),
  stringData: [],
  int64Data: new BigInt64Array(0),
  doubleData: new Float64Array(0),
  uint64Data: new BigUint64Array(0),
  externalData: [],
  metadataProps: [],
} satisfies OnnxTensor);
