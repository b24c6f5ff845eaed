import { readSync, writeSync } from 'node:fs';
import { endOfFrame, FrameDecoder, FrameEncoder, HEADER_BYTES } from './frames.ts';

/** What fits takes one call of the system. */
const BUFFER_BYTES = 64 * 1024;

/**
 * Frames over a stream whose reads block: that wakes faster than an event loop
 * does, and nothing else of this thread runs meanwhile. The other side waits for
 * an answer before it sends again, so a read never holds two frames.
 */
export class FrameStream<Message extends object> {
  readonly #fd: number;
  readonly #decoder: FrameDecoder<Message>;
  readonly #encoder = new FrameEncoder();
  readonly #buffer = Buffer.allocUnsafe(BUFFER_BYTES);

  constructor(fd: number, parse: (text: string) => Message) {
    this.#fd = fd;
    this.#decoder = new FrameDecoder(parse);
  }

  /** Null at the end of the stream, also in the middle of a frame: the other side died. */
  read(): Message | null {
    let bytes = this.#buffer;
    let held = 0;
    let end = HEADER_BYTES;
    while (held < end) {
      const read = readSync(this.#fd, bytes, held, bytes.length - held, null);
      if (read === 0) return null;
      held += read;
      end = endOfFrame(bytes, 0, held);
      if (end > bytes.length) bytes = Buffer.concat([bytes.subarray(0, held)], end);
    }
    if (held > end) throw new Error('a request came before the answer to the one before');
    return this.#decoder.decode(bytes, HEADER_BYTES, end);
  }

  /** Returns when the system has taken it all. Throws EPIPE when nobody reads any more. */
  write(message: object): void {
    const frame = this.#encoder.encode(message);
    for (let written = 0; written < frame.length;) {
      written += writeSync(this.#fd, frame, written, frame.length - written);
    }
  }
}
