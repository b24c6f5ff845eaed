import { readFile, stat } from 'node:fs/promises';
import { unzipSync } from 'fflate';
import { messageOf, UserError } from '../../engine/base/errors.ts';
import { formatBytes } from '../../engine/base/units.ts';
import {
  elementBytes,
  elementCount,
  viewElements,
  type NumericArray,
  type NumericType,
} from '../../engine/runtime/tensor.ts';

/** An array of a NumPy file, row-major. */
export interface NpyArray {
  readonly type: NumericType;
  readonly dims: readonly number[];
  readonly data: NumericArray;
}

/** The archive is read whole; beyond this it would not fit a buffer on every platform. */
const MAX_ARCHIVE_BYTES = 2 * 2 ** 30;
/** What may come out of it: a bomb of zeros stops here. */
const MAX_ARRAYS_BYTES = 4 * 2 ** 30;

/**
 * Reads a NumPy `.npz` archive: arrays by name, views of one buffer each.
 * Throws UserError that names the file and, where it applies, the array.
 */
export async function readNpz(path: string): Promise<ReadonlyMap<string, NpyArray>> {
  const files = unzip(await readArchive(path), path);
  const arrays = new Map<string, NpyArray>();
  for (const [name, bytes] of Object.entries(files)) {
    const array = name.replace(/\.npy$/, '');
    arrays.set(array, parseNpy(bytes, `array '${array}' in ${path}`));
  }
  if (arrays.size === 0) throw new UserError(`${path} holds no arrays`);
  return arrays;
}

async function readArchive(path: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size > MAX_ARCHIVE_BYTES) {
      throw new UserError(`${path} is ${formatBytes(size)}, the limit is ${formatBytes(MAX_ARCHIVE_BYTES)}`, {
        remedy: 'give fewer samples',
      });
    }
    return await readFile(path);
  } catch (thrown) {
    if (thrown instanceof UserError) throw thrown;
    throw new UserError(`cannot read the data ${path}: ${messageOf(thrown)}`, {
      remedy: "give a .npz file as NumPy's np.savez writes it",
      cause: thrown,
    });
  }
}

function unzip(bytes: Uint8Array, path: string): Record<string, Uint8Array> {
  let total = 0;
  try {
    return unzipSync(bytes, {
      filter: (file) => {
        total += file.originalSize;
        if (total > MAX_ARRAYS_BYTES) {
          throw new Error(`its arrays are larger than ${formatBytes(MAX_ARRAYS_BYTES)}`);
        }
        return true;
      },
    });
  } catch (thrown) {
    throw new UserError(`${path} is not a .npz archive: ${messageOf(thrown)}`, {
      remedy: "give a .npz file as NumPy's np.savez writes it",
      cause: thrown,
    });
  }
}

/** By NumPy's type descriptor; `|b1` and one-byte types have no byte order. */
const TYPES: Readonly<Record<string, NumericType>> = Object.freeze({
  '<f4': 'float32',
  '<f8': 'float64',
  '<f2': 'float16',
  '|i1': 'int8',
  '|u1': 'uint8',
  '<i2': 'int16',
  '<u2': 'uint16',
  '<i4': 'int32',
  '<u4': 'uint32',
  '<i8': 'int64',
  '<u8': 'uint64',
  '|b1': 'bool',
});

/**
 * Parses one `.npy` file: magic, version, header length, a Python dictionary,
 * data. Source: numpy.lib.format, versions 1 to 3.
 */
export function parseNpy(bytes: Uint8Array, what: string): NpyArray {
  const { header, dataOffset } = splitHeader(bytes, what);
  const descriptor = /'descr'\s*:\s*'([^']*)'/.exec(header)?.[1];
  const type = TYPES[descriptor ?? ''];
  if (type === undefined) {
    throw new UserError(`${what} has the type ${descriptor ?? 'unknown'}`, {
      remedy: 'convert it to a little-endian number type, such as array.astype(np.float32)',
    });
  }
  if (/'fortran_order'\s*:\s*True/.test(header)) {
    throw new UserError(`${what} is stored column by column`, {
      remedy: 'save np.ascontiguousarray(array)',
    });
  }
  const shape = /'shape'\s*:\s*\(([\d\s,]*)\)/.exec(header)?.[1];
  if (shape === undefined) throw new UserError(`${what} has no shape in its header`);
  const dims = shape.split(',').flatMap((text) => (text.trim() === '' ? [] : [Number(text)]));
  return { type, dims, data: viewData(bytes, { type, dims, dataOffset }, what) };
}

function splitHeader(bytes: Uint8Array, what: string): { header: string; dataOffset: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isNpy =
    bytes.byteLength >= 12 && view.getUint32(0) === 0x934e554d && view.getUint16(4) === 0x5059;
  if (!isNpy) throw new UserError(`${what} is not a NumPy array`);
  const isFirstVersion = bytes[6] === 1;
  const length = isFirstVersion ? view.getUint16(8, true) : view.getUint32(8, true);
  const start = isFirstVersion ? 10 : 12;
  if (start + length > bytes.byteLength) throw new UserError(`${what} is cut off in its header`);
  const header = new TextDecoder('latin1').decode(bytes.subarray(start, start + length));
  return { header, dataOffset: start + length };
}

function viewData(
  bytes: Uint8Array,
  layout: { readonly type: NumericType; readonly dims: readonly number[]; readonly dataOffset: number },
  what: string,
): NumericArray {
  const length = elementCount(layout.dims);
  const wanted = length * elementBytes(layout.type);
  const given = bytes.byteLength - layout.dataOffset;
  if (wanted !== given) {
    throw new UserError(`${what} has ${given} bytes of data, its shape needs ${wanted}`);
  }
  const offset = bytes.byteOffset + layout.dataOffset;
  if (offset % elementBytes(layout.type) === 0) {
    return viewElements(layout.type, bytes.buffer, offset, length);
  }
  return viewElements(layout.type, bytes.slice(layout.dataOffset).buffer, 0, length);
}
