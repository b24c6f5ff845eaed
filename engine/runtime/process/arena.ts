import { UserError } from '../../base/errors.ts';
import { formatBytes } from '../../base/units.ts';
import type { Mapping } from '../../memory/mapping.ts';
import type { SharedFile } from '../../memory/shared-file.ts';

/** Where the tensors of one request lie, seen from one of the two processes that map it. */
export class Arena {
  readonly #file: SharedFile;
  readonly #maxBytes: number;
  #mapping: Mapping | null = null;
  /** Kept until the run is over: its feeds may be views of it. */
  #superseded: Mapping | null = null;

  /** Owns the file. It grows up to `maxBytes` and is freed by `close` alone. */
  constructor(file: SharedFile, maxBytes: number) {
    this.#file = file;
    this.#maxBytes = maxBytes;
  }

  get fd(): number {
    return this.#file.fd;
  }

  get sizeBytes(): number {
    return this.#mapping?.sizeBytes ?? 0;
  }

  /** The memory as it is mapped now; empty until something was needed. */
  get buffer(): ArrayBuffer {
    return this.#mapping?.buffer ?? NOTHING;
  }

  /** Whether the buffer is this arena's, as it is or as it was before it grew: offsets are the same. */
  owns(buffer: ArrayBufferLike): boolean {
    return buffer === this.#mapping?.buffer || buffer === this.#superseded?.buffer;
  }

  /** Makes room, by powers of two, so that a rising size maps anew few times. Throws UserError. */
  ensure(sizeBytes: number): void {
    if (sizeBytes <= this.sizeBytes) return;
    if (sizeBytes > this.#maxBytes) throw this.#tooLarge(sizeBytes);
    const rounded = Math.max(SMALLEST_BYTES, 2 ** Math.ceil(Math.log2(sizeBytes)));
    this.#file.grow(Math.min(rounded, this.#maxBytes));
    this.#remap();
  }

  /** Follows the other side, which made it `sizeBytes` long. */
  follow(sizeBytes: number): void {
    if (sizeBytes > this.sizeBytes) this.#remap();
  }

  /** Between two runs: unmaps what the last one outgrew. */
  settle(): void {
    this.#superseded?.close();
    this.#superseded = null;
  }

  close(): void {
    this.settle();
    this.#mapping?.close();
    this.#mapping = null;
    this.#file.close();
  }

  #remap(): void {
    const larger = this.#file.map();
    // Feeds are views of the first mapping of a run, never of one between.
    if (this.#superseded === null) this.#superseded = this.#mapping;
    else this.#mapping?.close();
    this.#mapping = larger;
  }

  #tooLarge(sizeBytes: number): UserError {
    return new UserError(
      `the tensors of one request take ${formatBytes(sizeBytes)} of shared memory; a process replica allows ${formatBytes(this.#maxBytes)}`,
      { remedy: "send smaller batches, or use isolation 'thread'" },
    );
  }
}

const NOTHING = new ArrayBuffer(0);
const SMALLEST_BYTES = 64 * 1024;
