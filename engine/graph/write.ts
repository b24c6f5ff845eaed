import { encode, type Encoded } from './encode.ts';
import type { OnnxModel } from './model.ts';

/**
 * The bytes of an ONNX file. Fields are in the order of their numbers, as
 * protobuf's own writers have them, then those that were unknown.
 */
export function writeModel(model: OnnxModel): Uint8Array {
  const { chunks, sizeBytes } = encodeModel(model);
  const bytes = new Uint8Array(sizeBytes);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
}

/** The same in pieces, some of them views of the model's weights, for writing without a copy. */
export function encodeModel(model: OnnxModel): Encoded {
  return encode('Model', model);
}
