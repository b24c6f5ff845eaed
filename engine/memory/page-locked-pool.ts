import { BufferPool, type PoolOptions } from './buffer-pool.ts';
import { allocatePages, type PageLock, type PageMapping } from './native-memory.ts';
import type { MemoryBacking, PoolMemory } from './pool-memory.ts';

/** Why pages are used that may be swapped out. */
export interface LockWarning {
  readonly kind: 'pages-not-locked';
  /** Of the block that was refused. */
  readonly sizeBytes: number;
  /** For people, with the remedy. */
  readonly message: string;
}

export interface PageLockedPoolOptions extends PoolOptions {
  /** Hears of the first refusal; later ones say nothing new. */
  readonly onWarning?: (warning: LockWarning) => void;
  /** Zeroed pages of at least so many bytes. Default: `allocatePages` of the system. */
  readonly allocatePages?: (sizeBytes: number) => PageMapping;
}

/** A block of pages, and whether they are kept in memory. */
export interface LockedPages extends PoolMemory {
  readonly lock: PageLock;
}

/** 4 KiB, or a multiple where pages are larger: the system rounds the mapping up. */
const PAGE_BYTES = 4096;

/**
 * Buffers that the system never swaps out (VmLck in /proc/self/status), so that
 * no request waits for the disk. Where the limit on locked memory is reached,
 * the pages are used unlocked, after one warning. Linux only: elsewhere the
 * first take throws a UserError.
 *
 * Blocks are whole pages: not for many small tensors. Close the pool: no garbage
 * collector frees its memory.
 */
export function createPageLockedPool(options: PageLockedPoolOptions = {}): BufferPool<LockedPages> {
  const { onWarning, allocatePages: allocate = allocatePages, ...poolOptions } = options;
  let isWarned = false;
  const warnOnce = (sizeBytes: number, lock: PageLock): void => {
    if (lock.state === 'locked' || isWarned) return;
    isWarned = true;
    onWarning?.({ kind: 'pages-not-locked', sizeBytes, message: describe(lock.reason) });
  };
  const backing: MemoryBacking<LockedPages> = {
    name: 'page-locked',
    granuleBytes: PAGE_BYTES,
    smallestBytes: PAGE_BYTES,
    headerBytes: 0,
    isCollected: false,
    allocate: (blockBytes) => {
      const pages = allocate(blockBytes);
      const lock = pages.lock();
      warnOnce(blockBytes, lock);
      return toPoolMemory(pages, lock);
    },
  };
  return new BufferPool(backing, poolOptions);
}

function toPoolMemory(pages: PageMapping, lock: PageLock): LockedPages {
  const { buffer, sizeBytes } = pages;
  // Unmapping unlocks.
  return { buffer, byteOffset: 0, sizeBytes, lock, free: () => pages.close() };
}

function describe(reason: string): string {
  return `pages of the pool are not locked and may be swapped out: ${reason}`;
}
