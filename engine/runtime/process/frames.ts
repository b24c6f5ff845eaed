import { UserError } from '../../base/errors.ts';
import { formatBytes } from '../../base/units.ts';

/**
 * A frame is the length of a JSON text, 32 bits little-endian, and the text in
 * UTF-8. One of length 0 repeats the text before it in the same direction:
 * requests of one shape, which most are, cost no parsing.
 */
export const HEADER_BYTES = 4;

/** Numbers travel in shared memory: only texts make a frame large. */
const MAX_FRAME_BYTES = 256 * 2 ** 20;

/** A longer text is not kept to be repeated. */
const MAX_REPEATED_BYTES = 4096;

const REPEAT = Buffer.alloc(HEADER_BYTES);

/** Makes the frames of one direction. */
export class FrameEncoder {
  #last: string | null = null;

  /** Throws UserError for a message that is too large. The frame must not be changed. */
  encode(message: object): Buffer {
    const text = JSON.stringify(message);
    if (text === this.#last) return REPEAT;
    const sizeBytes = Buffer.byteLength(text);
    if (sizeBytes > MAX_FRAME_BYTES) throw tooLarge(sizeBytes);
    const frame = Buffer.allocUnsafe(HEADER_BYTES + sizeBytes);
    frame.writeUInt32LE(sizeBytes, 0);
    frame.write(text, HEADER_BYTES);
    this.#last = sizeBytes <= MAX_REPEATED_BYTES ? text : null;
    return frame;
  }
}

function tooLarge(sizeBytes: number): UserError {
  return new UserError(
    `the texts of one request take ${formatBytes(sizeBytes)}; a process replica allows ${formatBytes(MAX_FRAME_BYTES)}`,
    { remedy: "send smaller batches, or use isolation 'thread'" },
  );
}

/** Parses the frames of one direction; a text that is repeated gives the very same object. */
export class FrameDecoder<Message extends object> {
  readonly #parse: (text: string) => Message;
  #last: Message | null = null;

  constructor(parse: (text: string) => Message) {
    this.#parse = parse;
  }

  /** The message of a frame whose text is `bytes[start..end)`. Throws what `parse` throws. */
  decode(bytes: Buffer, start: number, end: number): Message {
    if (start < end) {
      const message = this.#parse(bytes.toString('utf8', start, end));
      this.#last = end - start <= MAX_REPEATED_BYTES ? message : null;
      return message;
    }
    if (this.#last === null) throw new Error('a frame repeats one that there was not');
    return this.#last;
  }
}

/** Where the frame ends that begins at `start`; while its header is not there, where that ends. */
export function endOfFrame(bytes: Buffer, start: number, heldBytes: number): number {
  const textStart = start + HEADER_BYTES;
  if (heldBytes < textStart) return textStart;
  const sizeBytes = bytes.readUInt32LE(start);
  if (sizeBytes <= MAX_FRAME_BYTES) return textStart + sizeBytes;
  throw new Error(`a frame of ${sizeBytes} bytes is not one of ours`);
}
