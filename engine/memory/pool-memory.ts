import type { BlockGeometry } from './size-classes.ts';

/** One block of memory that a pool lends again and again. */
export interface PoolMemory {
  /** A SharedArrayBuffer, or an ArrayBuffer over mapped pages, which must not be transferred. */
  readonly buffer: ArrayBufferLike;
  /** Where the usable bytes begin; a multiple of 64, so that every element type is aligned. */
  readonly byteOffset: number;
  /** Usable bytes. */
  readonly sizeBytes: number;
  /** Called when a lease of the block ends: whatever refers to that lease is stale from now on. */
  retire?(): void;
  /** Gives the memory back; no view of it may be used afterwards. Idempotent. */
  free(): void;
}

/** Where a pool gets its blocks from. */
export interface MemoryBacking<Memory extends PoolMemory = PoolMemory> extends BlockGeometry {
  /** For messages: `tensor`, `page-locked`, `shared`. */
  readonly name: string;
  /**
   * Whether the garbage collector frees a block that nobody reaches. Otherwise
   * the block of a lost lease stays until the pool closes: somebody may still
   * hold a view of it.
   */
  readonly isCollected: boolean;
  /** A block of `blockBytes`, header included; throws UserError when there is no memory. */
  allocate(blockBytes: number): Memory;
}
