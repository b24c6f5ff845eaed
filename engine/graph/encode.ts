import { UserError } from '../base/errors.ts';
import { packedBytes, type PackedArray } from './packed.ts';
import { FIELDS_IN_ORDER, isMessage, type NamedField } from './schema-index.ts';
import type { MessageName, PackedKind, ScalarKind } from './schema.ts';
import { BinaryWriter, SCALARS, WireType, writeScalar } from './wire.ts';

/** Protobuf's own bound on a message; the runtime refuses more. */
const MAX_BYTES = 2 ** 31 - 1;

/** From this size on, bytes are handed on as they are instead of being copied. */
const CHUNK_BYTES = 1024;

/** The encoded message in pieces, so that weights are copied once at most. */
export interface Encoded {
  readonly chunks: readonly Uint8Array[];
  readonly sizeBytes: number;
}

/** Encodes a message whose fields are shaped like the type of the same name in `model.ts`. */
export function encode(name: MessageName, message: object): Encoded {
  const output = new Output();
  const fields = message as Readonly<Record<string, unknown>>;
  for (const field of FIELDS_IN_ORDER[name]) encodeField(output, field, fields[field.property]);
  for (const bytes of (fields['unknown'] ?? []) as readonly Uint8Array[]) output.raw(bytes);
  return output.finish();
}

function encodeField(output: Output, field: NamedField, value: unknown): void {
  if (value === undefined) return;
  if (field.cardinality === 'one') encodeValue(output, field, value);
  else if (field.cardinality === 'many') {
    for (const item of value as readonly unknown[]) encodeValue(output, field, item);
  } else {
    const array = value as PackedArray;
    if (array.length > 0) output.bytes(field.number, packedBytes(field.kind as PackedKind, array));
  }
}

function encodeValue(output: Output, field: NamedField, value: unknown): void {
  const { kind, number } = field;
  if (isMessage(kind)) output.nested(number, encode(kind, value as object));
  else if (kind === 'bytes') output.bytes(number, value as Uint8Array);
  else output.scalar(number, kind, value);
}

/** Small fields are gathered in a writer; large ones become chunks of their own. */
class Output {
  readonly #chunks: Uint8Array[] = [];
  readonly #writer = new BinaryWriter();
  #sizeBytes = 0;

  scalar(number: number, kind: ScalarKind, value: unknown): void {
    writeScalar(this.#writer.tag(number, SCALARS[kind].wireType), kind, value);
  }

  bytes(number: number, bytes: Uint8Array): void {
    this.#writer.tag(number, WireType.LengthDelimited).uint32(bytes.byteLength);
    this.raw(bytes);
  }

  nested(number: number, message: Encoded): void {
    this.#writer.tag(number, WireType.LengthDelimited).uint32(message.sizeBytes);
    for (const chunk of message.chunks) this.raw(chunk);
  }

  raw(bytes: Uint8Array): void {
    if (bytes.byteLength < CHUNK_BYTES) {
      this.#writer.raw(bytes);
      return;
    }
    this.#flush();
    this.#push(bytes);
  }

  finish(): Encoded {
    this.#flush();
    return { chunks: this.#chunks, sizeBytes: this.#sizeBytes };
  }

  #flush(): void {
    this.#push(this.#writer.finish());
  }

  #push(chunk: Uint8Array): void {
    if (chunk.byteLength === 0) return;
    this.#sizeBytes += chunk.byteLength;
    if (this.#sizeBytes > MAX_BYTES) {
      throw new UserError(
        `the model is larger than ${MAX_BYTES} bytes, the most that one ONNX file holds`,
      );
    }
    this.#chunks.push(chunk);
  }
}
