import { openSharedMemory, type SharedMapping } from '../../memory/native-memory.ts';
import type { Segment } from './messages.ts';

/** Mapped at once; the one that was not used for longest goes first. */
const MAX_SEGMENTS = 16;

/** Named shared memory of the parent, mapped by its process as requests speak of it. */
export class Segments {
  readonly #mappings = new Map<string, SharedMapping>();

  /** Maps what a request needs, before it is run. Throws SegmentGoneError. */
  attach(segments: readonly Segment[]): void {
    for (const segment of segments) {
      const mapping = this.#mappings.get(segment.id) ?? open(segment);
      this.#mappings.delete(segment.id);
      this.#mappings.set(segment.id, mapping);
    }
    // More than the bound is kept only while one request needs more.
    this.#evict(Math.max(MAX_SEGMENTS, new Set(segments.map(({ id }) => id)).size));
  }

  /** The memory of a segment that is attached. */
  bufferOf({ id, name }: Segment): ArrayBuffer {
    const mapping = this.#mappings.get(id);
    if (mapping === undefined) throw new Error(`segment ${name} is not attached`);
    return mapping.buffer;
  }

  #evict(kept: number): void {
    for (const [id, mapping] of this.#mappings) {
      if (this.#mappings.size <= kept) return;
      this.#mappings.delete(id);
      mapping.close();
    }
  }
}

/** Its name is gone, or has become another's. */
export class SegmentGoneError extends Error {
  readonly segment: string;

  constructor({ name }: Segment, cause?: unknown) {
    super(`shared memory ${name} cannot be mapped`, { cause });
    this.segment = name;
  }
}

function open(segment: Segment): SharedMapping {
  const mapping = openOrGone(segment);
  if (mapping.id === segment.id) return mapping;
  mapping.close();
  throw new SegmentGoneError(segment);
}

function openOrGone(segment: Segment): SharedMapping {
  try {
    return openSharedMemory(segment.name);
  } catch (thrown) {
    throw new SegmentGoneError(segment, thrown);
  }
}
