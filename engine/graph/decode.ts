import { messageOf } from '../base/errors.ts';
import { InvalidModelError } from './invalid-model-error.ts';
import { emptyPacked, PackedParts, unpack, type NumberKind, type PackedArray } from './packed.ts';
import { FIELDS_BY_NUMBER, isMessage, PACKED_PROPERTIES, type NamedField } from './schema-index.ts';
import type { MessageName, PackedKind } from './schema.ts';
import { BinaryReader, SCALARS, WireType, type Scalar } from './wire.ts';

/**
 * Bounds on hostile input. Protobuf's own parsers, the runtime's included, stop
 * at 100 nested messages, so a deeper file could not be run anyway. Every field
 * costs an object of some 100 bytes however short it is in the file.
 */
const LIMITS = Object.freeze({ depth: 100, fields: 20_000_000 });

/** Decoded fields by name; shaped like the type of the same name in `model.ts`. */
export type Message = Record<string, unknown>;

/**
 * Decodes one message. Throws InvalidModelError, in time linear in the input,
 * for anything that is not well-formed. `source` names the input in the error.
 */
export function decode(name: MessageName, bytes: Uint8Array, source: string): Message {
  const decoder = new Decoder(bytes);
  try {
    return decoder.message({ name, end: bytes.byteLength, depth: 1 });
  } catch (thrown) {
    const offset = Math.min(decoder.reader.pos, bytes.byteLength);
    throw new InvalidModelError(messageOf(thrown), { source, offset, cause: thrown });
  }
}

interface Frame {
  readonly name: MessageName;
  readonly end: number;
  readonly depth: number;
}

class Decoder {
  readonly reader: BinaryReader;
  readonly #bytes: Uint8Array;
  #fields = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.reader = new BinaryReader(bytes);
  }

  /** `existing`: a singular message that occurs twice is merged, as protobuf says. */
  message(frame: Frame, existing?: Message): Message {
    if (frame.depth > LIMITS.depth) {
      throw new RangeError(`messages are nested more than ${LIMITS.depth} deep`);
    }
    const message = existing ?? emptyMessage(frame.name);
    while (this.reader.pos < frame.end) {
      this.#field(frame, message);
      if (this.reader.pos > frame.end) throw new RangeError(`a ${frame.name} ends inside a field`);
    }
    sealPacked(frame.name, message);
    return message;
  }

  #field(frame: Frame, message: Message): void {
    this.#fields += 1;
    if (this.#fields > LIMITS.fields) throw new RangeError(`more than ${LIMITS.fields} fields`);
    const start = this.reader.pos;
    const [number, wireType] = this.reader.tag();
    const field = FIELDS_BY_NUMBER[frame.name].get(number);
    const afterTag = this.reader.pos;
    if (field !== undefined && this.#known(frame, { field, wireType }, message)) return;
    this.reader.pos = afterTag;
    this.reader.skip(wireType, number);
    keepUnknown(message, this.#bytes.subarray(start, this.reader.pos));
  }

  /** False when the wire type does not fit: such a field counts as unknown. */
  #known(
    frame: Frame,
    { field, wireType }: { readonly field: NamedField; readonly wireType: WireType },
    message: Message,
  ): boolean {
    const { kind } = field;
    if (isMessage(kind)) {
      if (wireType !== WireType.LengthDelimited) return false;
      this.#child(
        { name: kind, end: this.#childEnd(frame), depth: frame.depth + 1 },
        field,
        message,
      );
      return true;
    }
    if (SCALARS[kind].wireType === wireType) {
      const value = kind === 'text' ? this.#text() : SCALARS[kind].read(this.reader);
      if (value !== undefined) storeScalar(message, field, value);
      return value !== undefined;
    }
    if (wireType !== WireType.LengthDelimited || field.cardinality === 'one') return false;
    const end = this.#childEnd(frame);
    storeChunk(message, field, this.#bytes.subarray(this.reader.pos, end));
    this.reader.pos = end;
    return true;
  }

  #child(frame: Frame, field: NamedField, message: Message): void {
    if (field.cardinality === 'many') append(message, field.property, this.message(frame));
    else message[field.property] = this.message(frame, message[field.property] as Message);
  }

  #childEnd(frame: Frame): number {
    const length = this.reader.uint32();
    const left = frame.end - this.reader.pos;
    if (length > left) {
      throw new RangeError(
        `a length of ${length} bytes in a ${frame.name} of which ${left} are left`,
      );
    }
    return this.reader.pos + length;
  }

  /** Undefined when it is not UTF-8; a wrong length is found again by the skip that follows. */
  #text(): string | undefined {
    try {
      return this.reader.string(true);
    } catch {
      return undefined;
    }
  }
}

/** Shared by every message without values of the field; lists are never changed once read. */
const NO_VALUES: readonly unknown[] = Object.freeze([]);

function emptyMessage(name: MessageName): Message {
  const message: Message = {};
  for (const field of FIELDS_BY_NUMBER[name].values()) {
    if (field.cardinality === 'many') message[field.property] = NO_VALUES;
    if (field.cardinality === 'packed') {
      message[field.property] = emptyPacked(field.kind as PackedKind);
    }
  }
  return message;
}

function append(message: Message, property: string, value: unknown): void {
  const list = message[property] as unknown[];
  if (list === NO_VALUES) message[property] = [value];
  else list.push(value);
}

function storeScalar(message: Message, field: NamedField, value: Scalar): void {
  if (field.cardinality === 'one') message[field.property] = value;
  else if (field.cardinality === 'many') append(message, field.property, value);
  else partsOf(message, field).addSingle(value as number | bigint);
}

/** A list of numbers in one chunk, whether or not the schema would write it so. */
function storeChunk(message: Message, field: NamedField, bytes: Uint8Array): void {
  if (field.cardinality === 'packed') {
    partsOf(message, field).addChunk(bytes);
    return;
  }
  for (const value of unpack(field.kind as NumberKind, bytes)) {
    append(message, field.property, value);
  }
}

/** Until its message ends, a packed field holds the parts of its array. */
function partsOf(message: Message, field: NamedField): PackedParts {
  const held = message[field.property];
  if (held instanceof PackedParts) return held;
  const parts = new PackedParts(field.kind as PackedKind, held as PackedArray);
  message[field.property] = parts;
  return parts;
}

function sealPacked(name: MessageName, message: Message): void {
  for (const property of PACKED_PROPERTIES[name]) {
    const held = message[property];
    if (held instanceof PackedParts) message[property] = held.join();
  }
}

function keepUnknown(message: Message, bytes: Uint8Array): void {
  const kept = message['unknown'] as Uint8Array[] | undefined;
  if (kept === undefined) message['unknown'] = [bytes];
  else kept.push(bytes);
}
