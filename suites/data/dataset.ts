import { open, readFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../engine/base/errors.ts';
import { readFailure, writeFileAtomic, writeFolderAtomic } from '../../engine/base/files.ts';
import { readJsonFile } from '../../engine/base/json.ts';
import {
  elementBytes,
  elementCount,
  isNumericType,
  viewElements,
  type NumericArray,
  type NumericType,
  type Tensors,
} from '../../engine/runtime/tensor.ts';

/**
 * A prepared dataset: a folder with one raw little-endian file per input, so
 * that a trial reads only the rows it needs and its memory figures are the
 * engine's own, not those of a parsed archive.
 */
const datasetSchema = z.strictObject({
  schema: z.literal('openclaw.dataset/1'),
  /** Samples; a batched input has this many rows. */
  count: z.int().min(1),
  inputs: z.array(
    z.strictObject({
      name: z.string(),
      type: z.string().refine(isNumericType, 'is not a numeric tensor type'),
      /** Of one sample without the batch axis when batched, else of the whole tensor. */
      dims: z.array(z.int().min(0)),
      batched: z.boolean(),
      file: z.string(),
    }),
  ),
  /** int32 class index per sample. */
  labels: z.string().nullable(),
});

type DatasetHeader = z.infer<typeof datasetSchema>;

export interface DatasetInput {
  readonly name: string;
  readonly type: NumericType;
  readonly dims: readonly number[];
  readonly batched: boolean;
  /** `count` rows one after the other when batched, else the tensor. */
  readonly data: NumericArray;
}

/** Writes a dataset folder at once or not at all. `labels`: one class index per sample. */
export async function writeDataset(
  folder: string,
  content: {
    readonly count: number;
    readonly inputs: readonly DatasetInput[];
    readonly labels: Int32Array | null;
  },
): Promise<void> {
  const header: DatasetHeader = {
    schema: 'openclaw.dataset/1',
    count: content.count,
    inputs: content.inputs.map((input, index) => ({
      name: input.name,
      type: input.type,
      dims: [...input.dims],
      batched: input.batched,
      file: `input-${index}.bin`,
    })),
    labels: content.labels === null ? null : 'labels.bin',
  };
  await writeFolderAtomic(folder, async (temporary) => {
    for (const [index, input] of content.inputs.entries()) {
      await writeFileAtomic(join(temporary, `input-${index}.bin`), bytesOf(input.data));
    }
    if (content.labels !== null) {
      await writeFileAtomic(join(temporary, 'labels.bin'), bytesOf(content.labels));
    }
    await writeFileAtomic(join(temporary, 'dataset.json'), JSON.stringify(header));
  });
}

function bytesOf(data: NumericArray): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

export interface Dataset {
  readonly count: number;
  readonly labels: Int32Array | null;
  /**
   * Feeds of `rows` samples from `start`, wrapping round at the end, in shared
   * memory. Batched inputs get `rows` as their leading dimension.
   */
  read(start: number, rows: number): Promise<Tensors>;
  close(): Promise<void>;
}

/** Opens a prepared dataset folder; throws UserError when it is damaged. */
export async function openDataset(folder: string): Promise<Dataset> {
  const header = await readJsonFile(join(folder, 'dataset.json'), datasetSchema, 'a dataset');
  const labels = header.labels === null ? null : await readLabels(folder, header);
  const files = await openInputs(folder, header);
  return {
    count: header.count,
    labels,
    read: (start, rows) => readFeeds(header, files, start, rows),
    close: () => closeAll(files),
  };
}

async function readLabels(folder: string, header: DatasetHeader): Promise<Int32Array> {
  const name = header.labels ?? '';
  const bytes = await readFile(join(folder, name)).catch((thrown: unknown) => {
    throw damaged(folder, `${name}: ${readFailure(thrown)}`, thrown);
  });
  checkSize(folder, { name, given: bytes.byteLength, wanted: header.count * 4 });
  return new Int32Array(new Uint8Array(bytes).buffer);
}

async function openInputs(folder: string, header: DatasetHeader): Promise<FileHandle[]> {
  const files: FileHandle[] = [];
  try {
    for (const input of header.inputs) {
      const file = await open(join(folder, input.file)).catch((thrown: unknown) => {
        throw damaged(folder, `${input.file}: ${readFailure(thrown)}`, thrown);
      });
      files.push(file);
      const wanted = rowBytesOf(input) * (input.batched ? header.count : 1);
      checkSize(folder, { name: input.file, given: (await file.stat()).size, wanted });
    }
    return files;
  } catch (thrown) {
    await closeAll(files);
    throw thrown;
  }
}

async function closeAll(files: readonly FileHandle[]): Promise<void> {
  await Promise.all(files.map((file) => file.close()));
}

function rowBytesOf(input: DatasetHeader['inputs'][number]): number {
  return elementCount(input.dims) * elementBytes(input.type);
}

function checkSize(
  folder: string,
  file: { readonly name: string; readonly given: number; readonly wanted: number },
): void {
  if (file.given === file.wanted) return;
  throw damaged(folder, `${file.name} has ${file.given} bytes, its header says ${file.wanted}`);
}

function damaged(folder: string, complaint: string, cause?: unknown): UserError {
  return new UserError(`the dataset ${folder} is damaged: ${complaint}`, {
    remedy: 'remove that folder: it is made again when it is needed',
    cause,
  });
}

async function readFeeds(
  header: DatasetHeader,
  files: readonly FileHandle[],
  start: number,
  rows: number,
): Promise<Tensors> {
  const feeds: Record<string, Tensors[string]> = {};
  for (const [index, input] of header.inputs.entries()) {
    const { type } = input;
    const rowBytes = rowBytesOf(input);
    const copies = input.batched ? rows : 1;
    const buffer = new SharedArrayBuffer(rowBytes * copies);
    const bytes = new Uint8Array(buffer);
    const file = files[index] as FileHandle;
    const rowsInFile = input.batched ? header.count : 1;
    await readWrapped(file, bytes, {
      rowBytes,
      rows: rowsInFile,
      start: input.batched ? start : 0,
    });
    feeds[input.name] = {
      type,
      dims: input.batched ? [rows, ...input.dims] : input.dims,
      data: viewElements(type, buffer, 0, elementCount(input.dims) * copies),
    };
  }
  return feeds;
}

const MAX_READ_BYTES = 2 ** 30;

/** Fills `target` from row `start` of a file of `rows` rows, again from row 0 after the last. */
async function readWrapped(
  file: FileHandle,
  target: Uint8Array,
  layout: { readonly rowBytes: number; readonly rows: number; readonly start: number },
): Promise<void> {
  let filled = 0;
  let row = layout.start % layout.rows;
  while (filled < target.byteLength) {
    const wanted = Math.min(target.byteLength - filled, (layout.rows - row) * layout.rowBytes);
    // fs reads need a view that is not shared.
    const chunk = new Uint8Array(wanted);
    await readFully(file, chunk, row * layout.rowBytes);
    target.set(chunk, filled);
    filled += wanted;
    row = 0;
  }
}

/** Reads until `chunk` is full: one read may give less, and never gives more than 2 GiB. */
async function readFully(file: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  let filled = 0;
  while (filled < chunk.byteLength) {
    const length = Math.min(chunk.byteLength - filled, MAX_READ_BYTES);
    const { bytesRead } = await file.read(chunk, filled, length, position + filled);
    if (bytesRead === 0) throw new Error('a dataset file became shorter while it was in use');
    filled += bytesRead;
  }
}
