import { endOfFrame, FrameDecoder, HEADER_BYTES } from './frames.ts';

/** Puts frames together from what a stream gives. Holds at most one that is not complete. */
export class FrameReader<Message extends object> {
  readonly #decoder: FrameDecoder<Message>;
  #chunks: Buffer[] = [];
  #heldBytes = 0;
  /** Bytes to wait for before looking again: gathering a large frame stays linear. */
  #neededBytes = HEADER_BYTES;

  constructor(parse: (text: string) => Message) {
    this.#decoder = new FrameDecoder(parse);
  }

  /** The messages that are complete now. Throws on what no encoder makes, and what `parse` throws. */
  push(chunk: Buffer): readonly Message[] {
    this.#chunks.push(chunk);
    this.#heldBytes += chunk.length;
    if (this.#heldBytes < this.#neededBytes) return [];
    const bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    const messages: Message[] = [];
    let start = 0;
    let end = endOfFrame(bytes, start, bytes.length);
    while (end <= bytes.length) {
      messages.push(this.#decoder.decode(bytes, start + HEADER_BYTES, end));
      start = end;
      end = endOfFrame(bytes, start, bytes.length);
    }
    this.#keep(bytes.subarray(start));
    return messages;
  }

  #keep(rest: Buffer): void {
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#heldBytes = rest.length;
    this.#neededBytes = endOfFrame(rest, 0, rest.length);
  }
}
