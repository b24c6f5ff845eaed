import { createSharedMemory, unlinkSharedMemory, type SharedMapping } from './native-memory.ts';
import type { PoolMemory } from './pool-memory.ts';
import type { ProcessIdentity } from './process-identity.ts';
import { SEGMENT_HEADER_BYTES, SegmentHeader } from './segment-header.ts';
import { segmentName } from './segment-name.ts';

/** Memory that another process maps by its name: see `SegmentAttachments`. */
export interface SharedSegment extends PoolMemory {
  readonly name: string;
  /** Changes when a lease ends, so that a late message of an earlier one is refused; 0 once freed. */
  readonly generation: number;
}

/**
 * The segments that this process made and has not freed. They go with it when
 * it exits; what is left by a SIGKILL, `sweepSharedMemory` finds.
 */
export class OwnedSegments {
  readonly #owner: ProcessIdentity;
  readonly #segments = new Set<OwnedSegment>();
  readonly #onExit = (): void => {
    for (const segment of this.#segments) segment.unlink();
  };

  constructor(owner: ProcessIdentity) {
    this.#owner = owner;
  }

  /** A segment of `blockBytes`, header included. Throws SystemCallError where /dev/shm is full. */
  create(blockBytes: number): SharedSegment {
    nextNumber += 1;
    const mapping = createSharedMemory(segmentName(this.#owner, nextNumber), blockBytes);
    const segment = new OwnedSegment(mapping, this.#owner, () => this.#remove(segment));
    if (this.#segments.size === 0) process.on('exit', this.#onExit);
    this.#segments.add(segment);
    return segment;
  }

  #remove(segment: OwnedSegment): void {
    this.#segments.delete(segment);
    if (this.#segments.size === 0) process.off('exit', this.#onExit);
  }
}

/** Of this thread: names of other threads differ by the thread. */
let nextNumber = 0;

class OwnedSegment implements SharedSegment {
  readonly name: string;
  readonly buffer: ArrayBuffer;
  readonly byteOffset = SEGMENT_HEADER_BYTES;
  readonly sizeBytes: number;
  readonly #mapping: SharedMapping;
  readonly #header: SegmentHeader;
  readonly #onFree: () => void;
  #isFree = false;

  constructor(mapping: SharedMapping, owner: ProcessIdentity, onFree: () => void) {
    this.name = mapping.name;
    this.buffer = mapping.buffer;
    this.sizeBytes = mapping.sizeBytes - SEGMENT_HEADER_BYTES;
    this.#mapping = mapping;
    this.#header = new SegmentHeader(mapping.buffer);
    this.#header.write(owner, this.sizeBytes);
    this.#onFree = onFree;
  }

  get generation(): number {
    return this.#isFree ? 0 : this.#header.generation;
  }

  retire(): void {
    this.#header.advance();
  }

  unlink(): void {
    unlinkSharedMemory(this.name);
  }

  free(): void {
    if (this.#isFree) return;
    this.#isFree = true;
    // Who still maps it learns from this that it may let go.
    this.#header.generation = 0;
    this.unlink();
    this.#mapping.close();
    this.#onFree();
  }
}
