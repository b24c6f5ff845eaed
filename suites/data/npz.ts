import { readFile, stat } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { unzipSync, type UnzipFileInfo } from 'fflate';
import { messageOf, UserError } from '../../engine/base/errors.ts';
import { readFailure } from '../../engine/base/files.ts';
import { formatBytes } from '../../engine/base/units.ts';
import {
  elementBytes,
  elementCount,
  viewElements,
  type NumericArray,
  type NumericType,
} from '../../engine/runtime/tensor.ts';
import { zipChecksums } from './zip-checksums.ts';

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
  const archive = await readArchive(path);
  const files = unzip(archive, path);
  const checksums = zipChecksums(archive);
  const arrays = new Map<string, NpyArray>();
  for (const [name, bytes] of Object.entries(files)) {
    const array = name.replace(/\.npy$/, '');
    const what = `array '${array}' in ${path}`;
    if (checksums.has(name) && checksums.get(name) !== crc32(bytes)) {
      throw new UserError(`${what} is damaged: its checksum is wrong`, {
        remedy: 'copy or save the file again',
      });
    }
    arrays.set(array, parseNpy(bytes, what));
  }
  if (arrays.size === 0) {
    throw new UserError(`${path} holds no arrays`, {
      remedy: 'save one array for each input of the model: np.savez(path, input=array)',
    });
  }
  return arrays;
}

const NPZ_WANTED = "give a .npz file as NumPy's np.savez writes it";
const FEWER_SAMPLES = 'give fewer samples: some hundreds are enough to measure with';

async function readArchive(path: string): Promise<Uint8Array> {
  try {
    const found = await stat(path);
    if (!found.isFile() && !found.isDirectory()) throw new Error('it is not a file');
    const { size } = found;
    if (found.isFile() && size === 0) {
      throw new UserError(`${path} is empty`, { remedy: NPZ_WANTED });
    }
    if (size > MAX_ARCHIVE_BYTES) {
      throw new UserError(
        `${path} is ${formatBytes(size)}, the limit is ${formatBytes(MAX_ARCHIVE_BYTES)}`,
        { remedy: FEWER_SAMPLES },
      );
    }
    return await readFile(path);
  } catch (thrown) {
    if (thrown instanceof UserError) throw thrown;
    throw new UserError(`cannot read the data ${path}: ${readFailure(thrown)}`, {
      remedy: NPZ_WANTED,
      cause: thrown,
    });
  }
}

function unzip(bytes: Uint8Array, path: string): Record<string, Uint8Array> {
  if (isNpy(bytes)) {
    throw new UserError(`${path} is a single array (.npy), not a .npz archive`, {
      remedy: "save it by the input's name: np.savez('data.npz', input=array)",
    });
  }
  try {
    // All of them before the first: unpacking allocates what a member declares.
    if (unpackedBytes(bytes) > MAX_ARRAYS_BYTES) throw tooLarge(path);
    return unzipSync(bytes);
  } catch (thrown) {
    if (thrown instanceof UserError) throw thrown;
    throw new UserError(`${path} is not a .npz archive, or damaged: ${messageOf(thrown)}`, {
      remedy: NPZ_WANTED,
      cause: thrown,
    });
  }
}

function unpackedBytes(archive: Uint8Array): number {
  let total = 0;
  const skip = (file: UnzipFileInfo): boolean => {
    total += file.originalSize;
    return false;
  };
  unzipSync(archive, { filter: skip });
  return total;
}

function tooLarge(path: string): UserError {
  const limit = formatBytes(MAX_ARRAYS_BYTES);
  return new UserError(`the arrays in ${path} are larger than ${limit}`, {
    remedy: FEWER_SAMPLES,
  });
}

/** By NumPy's type descriptor; `|b1` and one-byte types have no byte order. */
const TYPES: ReadonlyMap<string, NumericType> = new Map([
  ['<f4', 'float32'],
  ['<f8', 'float64'],
  ['<f2', 'float16'],
  ['|i1', 'int8'],
  ['|u1', 'uint8'],
  ['<i2', 'int16'],
  ['<u2', 'uint16'],
  ['<i4', 'int32'],
  ['<u4', 'uint32'],
  ['<i8', 'int64'],
  ['<u8', 'uint64'],
  ['|b1', 'bool'],
]);

/**
 * Parses one `.npy` file: magic, version, header length, a Python dictionary,
 * data. Source: numpy.lib.format, versions 1 to 3.
 */
export function parseNpy(bytes: Uint8Array, what: string): NpyArray {
  const { header, dataOffset } = splitHeader(bytes, what);
  // A record's descriptor is a list, not a string.
  const descriptor = /'descr'\s*:\s*'([^']*)'/.exec(header)?.[1];
  const type = TYPES.get(descriptor ?? '');
  if (type === undefined) {
    const given = descriptor === undefined ? 'no type that is a number' : `the type ${descriptor}`;
    throw new UserError(`${what} has ${given}`, {
      remedy: 'convert it to a little-endian number type, such as array.astype(np.float32)',
    });
  }
  if (/'fortran_order'\s*:\s*True/.test(header)) {
    throw new UserError(`${what} is stored column by column`, {
      remedy: 'save np.ascontiguousarray(array)',
    });
  }
  const shape = /'shape'\s*:\s*\(([\d\s,]*)\)/.exec(header)?.[1];
  if (shape === undefined) {
    throw new UserError(`${what} has no shape in its header`, { remedy: NPZ_WANTED });
  }
  const dims = shape.split(',').flatMap((text) => (text.trim() === '' ? [] : [Number(text)]));
  return { type, dims, data: viewData(bytes, { type, dims, dataOffset }, what) };
}

function splitHeader(bytes: Uint8Array, what: string): { header: string; dataOffset: number } {
  if (!isNpy(bytes)) {
    throw new UserError(`${what} is not a NumPy array`, { remedy: NPZ_WANTED });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isFirstVersion = bytes[6] === 1;
  const length = isFirstVersion ? view.getUint16(8, true) : view.getUint32(8, true);
  const start = isFirstVersion ? 10 : 12;
  if (start + length > bytes.byteLength) {
    throw new UserError(`${what} is cut off in its header`, { remedy: NPZ_WANTED });
  }
  const header = new TextDecoder('latin1').decode(bytes.subarray(start, start + length));
  return { header, dataOffset: start + length };
}

function isNpy(bytes: Uint8Array): boolean {
  return bytes.byteLength >= 12 && NPY_MAGIC.every((byte, index) => bytes[index] === byte);
}

/** `\x93NUMPY` */
const NPY_MAGIC: readonly number[] = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

function viewData(
  bytes: Uint8Array,
  layout: {
    readonly type: NumericType;
    readonly dims: readonly number[];
    readonly dataOffset: number;
  },
  what: string,
): NumericArray {
  const length = elementCount(layout.dims);
  const wanted = length * elementBytes(layout.type);
  const given = bytes.byteLength - layout.dataOffset;
  if (wanted !== given) {
    throw new UserError(`${what} has ${given} bytes of data, its shape needs ${wanted}`, {
      remedy: NPZ_WANTED,
    });
  }
  const offset = bytes.byteOffset + layout.dataOffset;
  if (offset % elementBytes(layout.type) === 0) {
    return viewElements(layout.type, bytes.buffer, offset, length);
  }
  // A copy by construction: `slice` of a Buffer would be a view of its pool.
  const copy = new Uint8Array(bytes.subarray(layout.dataOffset));
  return viewElements(layout.type, copy.buffer, 0, length);
}
