import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { ScalarKind } from './schema.ts';

/**
 * The only importer of protobuf: how each scalar kind looks on the wire. What
 * a message is made of is in `schema.ts`; `decode.ts` and `encode.ts` walk it.
 */
export { BinaryReader, BinaryWriter, WireType };

export type Scalar = string | number | bigint | Uint8Array;

interface ScalarCodec {
  readonly wireType: WireType;
  readonly read: (reader: BinaryReader) => Scalar;
  readonly write: (writer: BinaryWriter, value: never) => unknown;
}

function codec<T extends Scalar>(
  wireType: WireType,
  read: (reader: BinaryReader) => T,
  write: (writer: BinaryWriter, value: T) => unknown,
): ScalarCodec {
  return { wireType, read, write };
}

export const SCALARS: Readonly<Record<ScalarKind, ScalarCodec>> = Object.freeze({
  string: codec(WireType.LengthDelimited, readUtf8, (writer, value) => writer.string(value)),
  text: codec(WireType.LengthDelimited, readUtf8, (writer, value) => writer.string(value)),
  bytes: codec(
    WireType.LengthDelimited,
    // A view of the file, never a copy.
    (reader) => reader.bytes(),
    (writer, value) => writer.bytes(value),
  ),
  integer: codec(WireType.Varint, readExactInteger, (writer, value) => writer.int64(value)),
  int32: codec(
    WireType.Varint,
    (reader) => reader.int32(),
    (writer, value) => writer.int32(value),
  ),
  int64: codec(
    WireType.Varint,
    (reader) => BigInt(reader.int64()),
    (writer, value) => writer.int64(value),
  ),
  uint64: codec(
    WireType.Varint,
    (reader) => BigInt(reader.uint64()),
    (writer, value) => writer.uint64(value),
  ),
  float: codec(
    WireType.Bit32,
    (reader) => reader.float(),
    (writer, value) => writer.float(value),
  ),
  double: codec(
    WireType.Bit64,
    (reader) => reader.double(),
    (writer, value) => writer.double(value),
  ),
});

/** Writes a value that was read by the same kind, or has its type by `model.ts`. */
export function writeScalar(writer: BinaryWriter, kind: ScalarKind, value: unknown): void {
  const write = SCALARS[kind].write as (writer: BinaryWriter, value: unknown) => unknown;
  write(writer, value);
}

function readUtf8(reader: BinaryReader): string {
  return reader.string(true);
}

function readExactInteger(reader: BinaryReader): number {
  const value = Number(reader.int64());
  if (!Number.isSafeInteger(value)) throw new RangeError(`the integer ${value} is out of range`);
  return value;
}
