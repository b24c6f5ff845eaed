/** Every request is rounded up to a multiple of this, bytes. */
const GRAIN_BYTES = 256;
/** The first region; each next one is twice as large, or as large as a request needs. */
const FIRST_REGION_BYTES = 2 ** 20;
const MAX_GROWTH_BYTES = 2 ** 30;
/** A piece that is larger than needed by less than this, and by less than half, is not split. */
const MAX_WASTE_BYTES = 128 * 2 ** 20;

/** A piece of a region. Only the arena changes it. */
export interface ArenaBlock {
  readonly region: ArenaRegion;
  readonly offset: number;
  sizeBytes: number;
  isFree: boolean;
}

interface ArenaRegion {
  readonly sizeBytes: number;
  /** In the order of their offsets, without gaps; two free ones never stand side by side. */
  readonly blocks: ArenaBlock[];
  /** How far it was ever written: pages beyond take no memory. */
  touchedBytes: number;
}

/**
 * The runtime's CPU arena without the memory: a best-fit allocator that joins what is
 * freed and grows by powers of two, with the constants of `bfc_arena.h` (the defaults of
 * `OrtArenaCfg`). It never gives a region back. Every call is O(blocks).
 */
export class SimulatedArena {
  readonly #regions: ArenaRegion[] = [];
  #nextRegionBytes = FIRST_REGION_BYTES;
  #usedBytes = 0;
  #peakBytes = 0;

  /** Bytes asked of the system. */
  get heldBytes(): number {
    return this.#regions.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  }

  /** Of them those that were ever handed out, which is what becomes resident. */
  get touchedBytes(): number {
    return this.#regions.reduce((sum, { touchedBytes }) => sum + touchedBytes, 0);
  }

  /** The most that was handed out at a time, what was not split off included. */
  get peakBytes(): number {
    return this.#peakBytes;
  }

  /** Null for nothing, which takes nothing. */
  allocate(bytes: number): ArenaBlock | null {
    if (bytes <= 0) return null;
    const wanted = Math.ceil(bytes / GRAIN_BYTES) * GRAIN_BYTES;
    const block = this.#bestFit(wanted) ?? this.#grow(wanted);
    if (block.sizeBytes >= 2 * wanted || block.sizeBytes - wanted >= MAX_WASTE_BYTES) {
      split(block, wanted);
    }
    block.isFree = false;
    const { region } = block;
    region.touchedBytes = Math.max(region.touchedBytes, block.offset + wanted);
    this.#usedBytes += block.sizeBytes;
    this.#peakBytes = Math.max(this.#peakBytes, this.#usedBytes);
    return block;
  }

  /** Each block once. */
  free(block: ArenaBlock | null): void {
    if (block === null) return;
    if (block.isFree) throw new Error('a block of the arena was freed twice');
    block.isFree = true;
    this.#usedBytes -= block.sizeBytes;
    joinNeighbours(block);
  }

  /** The smallest that is large enough; of several the one that comes first. */
  #bestFit(wanted: number): ArenaBlock | null {
    let best: ArenaBlock | null = null;
    for (const { blocks } of this.#regions) {
      for (const block of blocks) {
        if (!block.isFree || block.sizeBytes < wanted) continue;
        if (best === null || block.sizeBytes < best.sizeBytes) best = block;
      }
    }
    return best;
  }

  #grow(wanted: number): ArenaBlock {
    const isEnough = wanted <= this.#nextRegionBytes;
    while (wanted > this.#nextRegionBytes) this.#nextRegionBytes *= 2;
    const region: ArenaRegion = { sizeBytes: this.#nextRegionBytes, blocks: [], touchedBytes: 0 };
    if (isEnough) this.#nextRegionBytes = Math.min(this.#nextRegionBytes * 2, MAX_GROWTH_BYTES);
    const block = { region, offset: 0, sizeBytes: region.sizeBytes, isFree: true };
    region.blocks.push(block);
    this.#regions.push(region);
    return block;
  }
}

/** Leaves `wanted` bytes in the block, and a free one with the rest behind it. */
function split(block: ArenaBlock, wanted: number): void {
  const { region } = block;
  const rest: ArenaBlock = {
    region,
    offset: block.offset + wanted,
    sizeBytes: block.sizeBytes - wanted,
    isFree: true,
  };
  block.sizeBytes = wanted;
  region.blocks.splice(region.blocks.indexOf(block) + 1, 0, rest);
}

function joinNeighbours(block: ArenaBlock): void {
  const { blocks } = block.region;
  const index = blocks.indexOf(block);
  const [before, after] = [blocks[index - 1], blocks[index + 1]];
  if (after?.isFree === true) {
    block.sizeBytes += after.sizeBytes;
    blocks.splice(index + 1, 1);
  }
  if (before?.isFree === true) {
    before.sizeBytes += block.sizeBytes;
    blocks.splice(index, 1);
  }
}
