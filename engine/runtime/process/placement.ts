/** A stretch of an arena, in bytes. */
export interface Extent {
  readonly offset: number;
  readonly sizeBytes: number;
}

/** What vector instructions like, and more than any element needs. */
const PLACE_ALIGNMENT_BYTES = 64;

/**
 * Finds room in an arena of any length: first fit between what is taken. Both
 * sides place with it, so that outputs never lie on the feeds they come from.
 */
export class Placement {
  /** By offset; does not overlap itself unless it came so. */
  readonly #taken: Extent[];

  constructor(taken: readonly Extent[]) {
    this.#taken = taken.toSorted((a, b) => a.offset - b.offset);
  }

  /** Takes the first gap that is large enough. O(taken); nothing needs no room. */
  place(sizeBytes: number): Extent {
    if (sizeBytes === 0) return { offset: 0, sizeBytes: 0 };
    let offset = 0;
    let index = 0;
    for (const taken of this.#taken) {
      if (offset + sizeBytes <= taken.offset) break;
      offset = Math.max(offset, align(taken.offset + taken.sizeBytes));
      index += 1;
    }
    const extent = { offset, sizeBytes };
    this.#taken.splice(index, 0, extent);
    return extent;
  }

  /** The length that the arena must have. */
  endBytes(): number {
    return this.#taken.reduce((end, { offset, sizeBytes }) => Math.max(end, offset + sizeBytes), 0);
  }
}

function align(offset: number): number {
  return Math.ceil(offset / PLACE_ALIGNMENT_BYTES) * PLACE_ALIGNMENT_BYTES;
}
