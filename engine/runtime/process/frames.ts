import { readSync, writeSync } from 'node:fs';
import { UserError } from '../../base/errors.ts';
import { formatBytes } from '../../base/units.ts';

/** A frame is the length of a JSON text, 32 bits little-endian, and the text in UTF-8. */
const HEADER_BYTES = 4;

/** Numbers travel in shared memory: only texts make a frame large. */
const MAX_FRAME_BYTES = 256 * 2 ** 20;

/** Throws UserError for a message that is too large. */
export function encodeFrame(message: object): Buffer {
  const text = JSON.stringify(message);
  const sizeBytes = Buffer.byteLength(text);
  if (sizeBytes > MAX_FRAME_BYTES) {
    throw new UserError(
      `the texts of one request take ${formatBytes(sizeBytes)}; a process replica allows ${formatBytes(MAX_FRAME_BYTES)}`,
      { remedy: "send smaller batches, or use isolation 'thread'" },
    );
  }
  const frame = Buffer.allocUnsafe(HEADER_BYTES + sizeBytes);
  frame.writeUInt32LE(sizeBytes, 0);
  frame.write(text, HEADER_BYTES);
  return frame;
}

/** Puts frames together from what a stream gives. Holds at most one frame that is not complete. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #heldBytes = 0;
  /** Bytes to wait for before looking again: gathering a large frame stays linear. */
  #neededBytes = HEADER_BYTES;

  /** The texts that are complete now. Throws on a frame that no encoder makes. */
  push(chunk: Buffer): readonly string[] {
    this.#chunks.push(chunk);
    this.#heldBytes += chunk.length;
    if (this.#heldBytes < this.#neededBytes) return [];
    const bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    const texts: string[] = [];
    let start = 0;
    for (;;) {
      const end = endOfFrame(bytes, start);
      if (bytes.length < end) {
        this.#keep(bytes.subarray(start), end - start);
        return texts;
      }
      texts.push(bytes.toString('utf8', start + HEADER_BYTES, end));
      start = end;
    }
  }

  #keep(rest: Buffer, neededBytes: number): void {
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#heldBytes = rest.length;
    this.#neededBytes = neededBytes;
  }
}

/** Where the frame ends that begins at `start`; without its header, where that ends. */
function endOfFrame(bytes: Buffer, start: number): number {
  if (bytes.length < start + HEADER_BYTES) return start + HEADER_BYTES;
  return start + HEADER_BYTES + checkedLength(bytes.readUInt32LE(start));
}

function checkedLength(sizeBytes: number): number {
  if (sizeBytes <= MAX_FRAME_BYTES) return sizeBytes;
  throw new Error(`a frame of ${sizeBytes} bytes is not one of ours`);
}

/**
 * Waits for the next frame in a blocking read, which wakes faster than an event
 * loop; nothing else of this thread runs meanwhile. Null at the end of the stream,
 * also in the middle of a frame: the other side died.
 */
export function readFrameSync(fd: number): string | null {
  const header = readFully(fd, HEADER_BYTES);
  if (header === null) return null;
  const text = readFully(fd, checkedLength(header.readUInt32LE(0)));
  return text === null ? null : text.toString('utf8');
}

function readFully(fd: number, sizeBytes: number): Buffer | null {
  const bytes = Buffer.allocUnsafe(sizeBytes);
  for (let filled = 0; filled < sizeBytes;) {
    const read = readSync(fd, bytes, filled, sizeBytes - filled, null);
    if (read === 0) return null;
    filled += read;
  }
  return bytes;
}

/** Returns when the system has taken it all. Throws EPIPE when nobody reads any more. */
export function writeFrameSync(fd: number, message: object): void {
  const frame = encodeFrame(message);
  for (let written = 0; written < frame.length;) {
    written += writeSync(fd, frame, written, frame.length - written);
  }
}
