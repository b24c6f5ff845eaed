import { open, realpath, type FileHandle } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import { readFailure } from '../base/files.ts';
import { UserError } from '../base/errors.ts';
import { InvalidModelError } from './invalid-model-error.ts';
import { mapTensors } from './map-tensors.ts';
import type { OnnxModel, OnnxTensor } from './model.ts';

/** TensorProto.DataLocation.EXTERNAL. */
const EXTERNAL = 1;

export function isExternal(tensor: OnnxTensor): boolean {
  return tensor.dataLocation === EXTERNAL;
}

/**
 * The model with its external data in memory. A location outside the model's own
 * folder (absolute, `..`, through a symbolic link) is refused before anything is
 * opened: a model could otherwise read any file (the class of CVE-2024-27318).
 */
export async function loadExternalData(model: OnnxModel, path: string): Promise<OnnxModel> {
  const tensors: OnnxTensor[] = [];
  mapTensors(model, (tensor) => {
    if (isExternal(tensor)) tensors.push(tensor);
    return tensor;
  });
  if (tensors.length === 0) return model;
  const files = new ExternalFiles(path);
  try {
    const loaded = new Map<OnnxTensor, OnnxTensor>();
    for (const tensor of tensors) loaded.set(tensor, await files.load(tensor));
    return mapTensors(model, (tensor) => loaded.get(tensor) ?? tensor);
  } finally {
    await files.close();
  }
}

class ExternalFiles {
  readonly #model: string;
  readonly #open = new Map<string, FileHandle>();

  constructor(model: string) {
    this.#model = model;
  }

  async load(tensor: OnnxTensor): Promise<OnnxTensor> {
    const entries = new Map(tensor.externalData.map(({ key, value }) => [key, value]));
    const location = entries.get('location') ?? '';
    const file = await this.#file(location, tensor);
    const { size } = await file.stat();
    const offset = this.#count(entries.get('offset'), 0, tensor);
    const length = this.#count(entries.get('length'), size - offset, tensor);
    if (offset + length > size) {
      throw this.#invalid(
        tensor,
        `wants ${length} bytes at ${offset} of '${location}', which has ${size}`,
      );
    }
    const rawData = new Uint8Array(length);
    await file.read(rawData, 0, length, offset);
    const { dataLocation: _, ...rest } = tensor;
    return { ...rest, externalData: [], rawData };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map((file) => file.close()));
  }

  async #file(location: string, tensor: OnnxTensor): Promise<FileHandle> {
    const known = this.#open.get(location);
    if (known !== undefined) return known;
    const file = await this.#openInside(location, tensor);
    this.#open.set(location, file);
    return file;
  }

  async #openInside(location: string, tensor: OnnxTensor): Promise<FileHandle> {
    const folder = dirname(this.#model);
    if (location === '' || isAbsolute(location) || leaves(location)) {
      throw this.#invalid(tensor, `keeps its data in '${location}', outside the model's folder`);
    }
    let resolved: string;
    try {
      resolved = await realpath(join(folder, location));
    } catch (thrown) {
      throw new UserError(
        `cannot read the external data '${location}' of ${this.#model}: ${readFailure(thrown)}`,
        { remedy: 'keep it beside the model, as the exporter wrote it', cause: thrown },
      );
    }
    if (leaves(relative(await realpath(folder), resolved))) {
      throw this.#invalid(
        tensor,
        `keeps its data in '${location}', a link out of the model's folder`,
      );
    }
    return open(resolved, 'r');
  }

  #count(text: string | undefined, fallback: number, tensor: OnnxTensor): number {
    const count = text === undefined ? fallback : Number(text);
    if (Number.isSafeInteger(count) && count >= 0) return count;
    throw this.#invalid(tensor, `has the external offset or length '${text ?? ''}'`);
  }

  #invalid(tensor: OnnxTensor, what: string): InvalidModelError {
    return new InvalidModelError(`the tensor '${tensor.name ?? ''}' ${what}`, {
      source: this.#model,
    });
  }
}

function leaves(path: string): boolean {
  return path.split(/[\\/]/).includes('..') || path.startsWith(sep) || isAbsolute(path);
}

/** Beyond this one file cannot hold a model: protobuf's own bound. */
const MAX_INLINE_BYTES = 2 ** 31 - 1;
/** Smaller tensors stay in the model: shapes and axes are looked at before weights are loaded. */
const MIN_EXTERNAL_BYTES = 1024;
/** Where a tensor may start: pages can then be mapped. */
const ALIGNMENT = 4096;

export interface ExternalizedModel {
  readonly model: OnnxModel;
  /** What goes into the data file, each part at a multiple of the alignment. */
  readonly parts: readonly { readonly offset: number; readonly bytes: Uint8Array }[];
}

/** Bytes of weights that would lie inside the model's file. */
function inlineBytes(model: OnnxModel): number {
  let total = 0;
  mapTensors(model, (tensor) => {
    total += tensor.rawData?.byteLength ?? 0;
    return tensor;
  });
  return total;
}

export function needsExternalData(model: OnnxModel): boolean {
  // A tenth is kept for everything that is not weights.
  return inlineBytes(model) > MAX_INLINE_BYTES * 0.9;
}

/** Moves large tensors out to `location`, a file name beside the model's. */
export function externalize(model: OnnxModel, location: string): ExternalizedModel {
  const parts: { offset: number; bytes: Uint8Array }[] = [];
  let end = 0;
  const moved = mapTensors(model, (tensor) => {
    const bytes = tensor.rawData;
    if (bytes === undefined || bytes.byteLength < MIN_EXTERNAL_BYTES) return tensor;
    const offset = Math.ceil(end / ALIGNMENT) * ALIGNMENT;
    end = offset + bytes.byteLength;
    parts.push({ offset, bytes });
    const { rawData: _, ...rest } = tensor;
    const entry = (key: string, value: string): OnnxTensor['externalData'][number] => ({
      key,
      value,
    });
    return {
      ...rest,
      dataLocation: EXTERNAL,
      externalData: [
        entry('location', location),
        entry('offset', String(offset)),
        entry('length', String(bytes.byteLength)),
      ],
    };
  });
  return { model: moved, parts };
}
