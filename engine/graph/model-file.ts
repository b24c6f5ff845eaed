import type { FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import { fillFileAtomic } from '../base/files.ts';
import { externalize, loadExternalData, needsExternalData } from './external-data.ts';
import type { OnnxModel } from './model.ts';
import { readModelFile } from './read.ts';
import { encodeModel } from './write.ts';

/** Reads a model with all its weights in memory, also those kept beside it. */
export async function loadModel(path: string): Promise<OnnxModel> {
  return loadExternalData(await readModelFile(path), path);
}

/**
 * Writes a model whole or not at all, chunk by chunk, so that the weights are not
 * copied. Beyond 2 GB, which one file cannot hold, or on request, they go to
 * `<name>.data` beside it. Gives the names of the files.
 */
export async function saveModel(
  path: string,
  model: OnnxModel,
  options: { readonly external?: boolean } = {},
): Promise<readonly string[]> {
  const isExternal = options.external ?? needsExternalData(model);
  const dataPath = `${path}.data`;
  const { model: written, parts } = isExternal
    ? externalize(model, basename(dataPath))
    : { model, parts: [] };
  const { chunks } = encodeModel(written);
  if (isExternal) {
    await fillFileAtomic(dataPath, async (file) => {
      for (const { offset, bytes } of parts) await writeFully(file, bytes, offset);
    });
  }
  await fillFileAtomic(path, async (file) => {
    let offset = 0;
    for (const chunk of chunks) {
      await writeFully(file, chunk, offset);
      offset += chunk.byteLength;
    }
  });
  return isExternal ? [path, dataPath] : [path];
}

/** One call writes at most 2 GB on Linux, and may write less. */
async function writeFully(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let written = 0;
  while (written < bytes.byteLength) {
    const length = Math.min(bytes.byteLength - written, 2 ** 30);
    const { bytesWritten } = await file.write(bytes, written, length, position + written);
    written += bytesWritten;
  }
}
