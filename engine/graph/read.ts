import { readFile } from 'node:fs/promises';
import { UserError } from '../base/errors.ts';
import { readFailure } from '../base/files.ts';
import { decode } from './decode.ts';
import { InvalidModelError } from './invalid-model-error.ts';
import type { OnnxModel } from './model.ts';

/**
 * Reads an ONNX model. Weights are views of `bytes`, which must not change
 * afterwards. Throws InvalidModelError for anything else than a model; `source`
 * names it in the message.
 */
export function readModel(bytes: Uint8Array, source = 'the input'): OnnxModel {
  if (bytes.byteLength === 0) throw new InvalidModelError('it is empty', { source });
  // A Buffer's views would be Buffers, whose slice() does not copy.
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const message = decode('Model', plain, source);
  if (message['graph'] === undefined) {
    throw new InvalidModelError('it contains no graph', { source });
  }
  // `decode` builds what the schema says, and the compiler checks the schema against the types.
  return message as object as OnnxModel;
}

/**
 * Reads an ONNX file, its external data aside (see `external-data.ts`); a file
 * that cannot be read is a UserError that says why.
 */
export async function readModelFile(path: string): Promise<OnnxModel> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (thrown) {
    throw new UserError(`cannot read the model ${path}: ${readFailure(thrown)}`, {
      remedy: 'give the path of an .onnx file',
      cause: thrown,
    });
  }
  return readModel(bytes, path);
}
