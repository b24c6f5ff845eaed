import type { PackedKind } from './schema.ts';
import { BinaryReader, BinaryWriter, SCALARS, writeScalar, type Scalar } from './wire.ts';

export type PackedArray = Float32Array | Float64Array | Int32Array | BigInt64Array | BigUint64Array;

/** Kinds of which several values may come in one chunk. */
export type NumberKind = PackedKind | 'integer';

const ARRAYS = Object.freeze({
  float: Float32Array,
  double: Float64Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
});

/** Shared by every message without values of the field. */
export function emptyPacked(kind: PackedKind): PackedArray {
  return EMPTY[kind];
}

const EMPTY: Readonly<Record<PackedKind, PackedArray>> = Object.freeze({
  float: new Float32Array(0),
  double: new Float64Array(0),
  int32: new Int32Array(0),
  int64: new BigInt64Array(0),
  uint64: new BigUint64Array(0),
});

/** The chunks and single values of one packed field, in the order of the file. */
export class PackedParts {
  readonly #kind: PackedKind;
  readonly #parts: PackedArray[];
  #singles: (number | bigint)[] = [];

  constructor(kind: PackedKind, existing: PackedArray) {
    this.#kind = kind;
    this.#parts = existing.length === 0 ? [] : [existing];
  }

  addSingle(value: number | bigint): void {
    this.#singles.push(value);
  }

  addChunk(bytes: Uint8Array): void {
    this.#flush();
    this.#parts.push(unpackChunk(this.#kind, bytes));
  }

  /** One array; the chunk itself, which may be a view, when there is only one. */
  join(): PackedArray {
    this.#flush();
    const [first] = this.#parts;
    if (first !== undefined && this.#parts.length === 1) return first;
    const joined = new ARRAYS[this.#kind](this.#parts.reduce((sum, part) => sum + part.length, 0));
    let offset = 0;
    for (const part of this.#parts) {
      joined.set(part as never, offset);
      offset += part.length;
    }
    return joined;
  }

  #flush(): void {
    if (this.#singles.length === 0) return;
    const part = new ARRAYS[this.#kind](this.#singles.length);
    part.set(this.#singles as never);
    this.#parts.push(part);
    this.#singles = [];
  }
}

/** A view where the alignment allows it, else a copy. */
function unpackChunk(kind: PackedKind, bytes: Uint8Array): PackedArray {
  if (kind === 'float' || kind === 'double') return viewFixed(kind, bytes);
  const values = new ARRAYS[kind](countVarints(bytes));
  let index = 0;
  for (const value of unpack(kind, bytes)) {
    values[index] = value as never;
    index += 1;
  }
  return values;
}

/** Typed arrays are little-endian, as the wire is, wherever the runtime exists. */
function viewFixed(kind: 'float' | 'double', bytes: Uint8Array): PackedArray {
  const arrayOf = ARRAYS[kind];
  const size = arrayOf.BYTES_PER_ELEMENT;
  if (bytes.byteLength % size !== 0) {
    throw new RangeError(`${bytes.byteLength} bytes are no whole number of ${kind} values`);
  }
  const aligned = bytes.byteOffset % size === 0 ? bytes : Uint8Array.from(bytes);
  return new arrayOf(aligned.buffer as ArrayBuffer, aligned.byteOffset, bytes.byteLength / size);
}

/** The last byte of a varint has its high bit clear. */
function countVarints(bytes: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < bytes.length; i += 1) if ((bytes[i] as number) < 0x80) count += 1;
  return count;
}

/** The values of a chunk one by one; throws when it ends inside a value. */
export function* unpack(kind: NumberKind, bytes: Uint8Array): Generator<Scalar> {
  const reader = new BinaryReader(bytes);
  const { read } = SCALARS[kind];
  while (reader.pos < bytes.byteLength) yield read(reader);
}

/** What a packed field holds on the wire: the array's own memory for fixed-size elements. */
export function packedBytes(kind: PackedKind, values: PackedArray): Uint8Array {
  if (kind === 'float' || kind === 'double') {
    return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  }
  const writer = new BinaryWriter();
  for (const value of values) writeScalar(writer, kind, value);
  return writer.finish();
}
