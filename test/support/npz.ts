import { zipSync } from 'fflate';

/** An array as NumPy would save it. `bytes` are its elements in C order. */
export interface NpyContent {
  /** NumPy's type descriptor, such as `<f4`. */
  readonly descr: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
  readonly fortranOrder?: boolean;
  /** 1 has a header length of two bytes, 2 and 3 of four. */
  readonly version?: 1 | 2 | 3;
}

/** The array of a typed array, by the descriptor of its type unless another is given. */
export function npyOf(
  data:
    | Int8Array
    | Uint8Array
    | Int16Array
    | Uint16Array
    | Int32Array
    | Uint32Array
    | Float32Array
    | Float64Array
    | BigInt64Array
    | BigUint64Array,
  shape: readonly number[],
  descr?: string,
): Uint8Array {
  return writeNpy({
    descr: descr ?? DESCRIPTORS[data.constructor.name] ?? '',
    shape,
    bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  });
}

const DESCRIPTORS: Readonly<Record<string, string>> = {
  Int8Array: '|i1',
  Uint8Array: '|u1',
  Int16Array: '<i2',
  Uint16Array: '<u2',
  Int32Array: '<i4',
  Uint32Array: '<u4',
  Float32Array: '<f4',
  Float64Array: '<f8',
  BigInt64Array: '<i8',
  BigUint64Array: '<u8',
};

/**
 * The bytes of a `.npy` file: magic, version, length and text of a header that
 * is padded so that the data starts at a multiple of 64 (numpy.lib.format).
 */
export function writeNpy(content: NpyContent): Uint8Array {
  const shape = `(${content.shape.join(', ')}${content.shape.length === 1 ? ',' : ''})`;
  const order = content.fortranOrder === true ? 'True' : 'False';
  return frameNpy(
    `{'descr': '${content.descr}', 'fortran_order': ${order}, 'shape': ${shape}, }`,
    content.bytes,
    content.version ?? 1,
  );
}

/** A `.npy` file with any header text. */
export function frameNpy(header: string, data: Uint8Array, version: 1 | 2 | 3 = 1): Uint8Array {
  const prefix = version === 1 ? 10 : 12;
  const length = Math.ceil((prefix + header.length + 1) / 64) * 64 - prefix;
  const file = new Uint8Array(prefix + length + data.byteLength);
  file.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0]);
  const view = new DataView(file.buffer);
  if (version === 1) view.setUint16(8, length, true);
  else view.setUint32(8, length, true);
  file.set(new TextEncoder().encode(`${header.padEnd(length - 1)}\n`), prefix);
  file.set(data, prefix + length);
  return file;
}

/** The bytes of a `.npz` archive of `.npy` files by array name; stored, as `np.savez` does, unless deflated. */
export function writeNpz(
  arrays: Readonly<Record<string, Uint8Array>>,
  options: { readonly deflated?: boolean } = {},
): Uint8Array {
  const files = Object.entries(arrays).map(([name, npy]) => [`${name}.npy`, npy] as const);
  return zipSync(Object.fromEntries(files), { level: options.deflated === true ? 6 : 0 });
}
