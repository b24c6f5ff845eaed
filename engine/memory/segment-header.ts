import type { ProcessIdentity } from './process-identity.ts';

/**
 * The start of a shared segment, written by its owner, in the machine's byte
 * order (both sides run on it):
 *
 * | byte | type | content                                                  |
 * | ---: | ---- | -------------------------------------------------------- |
 * |    0 | u32  | magic                                                    |
 * |    4 | u32  | generation: of the lease; 0 once the segment was freed   |
 * |    8 | f64  | usable bytes, which follow the header                    |
 * |   16 | f64  | pid namespace of the owner                               |
 * |   24 | f64  | pid of the owner                                         |
 * |   32 | f64  | start of the owner in ticks                              |
 */
export class SegmentHeader {
  readonly #words: Uint32Array;
  readonly #numbers: Float64Array;

  /** The header of a mapping, which must not be used after that was closed. */
  constructor(buffer: ArrayBufferLike) {
    this.#words = new Uint32Array(buffer, 0, 2);
    this.#numbers = new Float64Array(buffer, 8, 4);
  }

  write(owner: ProcessIdentity, sizeBytes: number): void {
    this.#numbers.set([sizeBytes, owner.namespace, owner.pid, owner.startTicks]);
    this.generation = 1;
    Atomics.store(this.#words, 0, MAGIC);
  }

  get isValid(): boolean {
    return Atomics.load(this.#words, 0) === MAGIC;
  }

  get sizeBytes(): number {
    return this.#numbers[0] ?? 0;
  }

  get owner(): ProcessIdentity {
    const [, namespace = 0, pid = 0, startTicks = 0] = this.#numbers;
    return { namespace, pid, startTicks };
  }

  get generation(): number {
    return Atomics.load(this.#words, 1);
  }

  set generation(value: number) {
    Atomics.store(this.#words, 1, value);
  }

  /** The next generation; 0 is left out, which means freed. */
  advance(): void {
    this.generation = this.generation === 0xffffffff ? 1 : this.generation + 1;
  }
}

/** A cache line, so that what follows is aligned for every element type and kernel. */
export const SEGMENT_HEADER_BYTES = 64;

/** `OCS1`, little-endian: the layout's version is part of it. */
const MAGIC = 0x3153434f;
