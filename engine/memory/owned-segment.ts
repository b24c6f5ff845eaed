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
 * A segment of this process, of `blockBytes` with the header. It goes when it is
 * freed or the process exits; what a SIGKILL leaves, `sweepSharedMemory` finds.
 * Throws SystemCallError where /dev/shm is full.
 */
export function createSegment(owner: ProcessIdentity, blockBytes: number): SharedSegment {
  nextNumber += 1;
  const mapping = createSharedMemory(segmentName(owner, nextNumber), blockBytes);
  if (unfreed.size === 0) process.on('exit', unlinkAll);
  const segment = new OwnedSegment(mapping, owner);
  unfreed.add(segment);
  return segment;
}

/** Of this thread: names of other threads differ by the thread. */
let nextNumber = 0;

/** Of all pools of this thread, so that one listener serves them. */
const unfreed = new Set<OwnedSegment>();

function unlinkAll(): void {
  for (const { name } of unfreed) unlinkSharedMemory(name);
}

class OwnedSegment implements SharedSegment {
  readonly name: string;
  readonly buffer: ArrayBuffer;
  readonly byteOffset = SEGMENT_HEADER_BYTES;
  readonly sizeBytes: number;
  readonly #mapping: SharedMapping;
  readonly #header: SegmentHeader;
  #isFree = false;

  constructor(mapping: SharedMapping, owner: ProcessIdentity) {
    this.name = mapping.name;
    this.buffer = mapping.buffer;
    this.sizeBytes = mapping.sizeBytes - SEGMENT_HEADER_BYTES;
    this.#mapping = mapping;
    this.#header = new SegmentHeader(mapping.buffer);
    this.#header.write(owner, this.sizeBytes);
  }

  get generation(): number {
    return this.#isFree ? 0 : this.#header.generation;
  }

  retire(): void {
    this.#header.advance();
  }

  free(): void {
    if (this.#isFree) return;
    this.#isFree = true;
    // Who still maps it learns from this that it may let go.
    this.#header.generation = 0;
    unlinkSharedMemory(this.name);
    this.#mapping.close();
    unfreed.delete(this);
    if (unfreed.size === 0) process.off('exit', unlinkAll);
  }
}
