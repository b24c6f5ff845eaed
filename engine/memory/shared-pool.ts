import { BufferPool, type PoolOptions } from './buffer-pool.ts';
import { createSegment, type SharedSegment } from './owned-segment.ts';
import { ownIdentity, systemProcesses, type ProcessTable } from './process-identity.ts';
import { SEGMENT_HEADER_BYTES } from './segment-header.ts';
import { sweepSharedMemory } from './sweep-shared-memory.ts';

export interface SharedPoolOptions extends PoolOptions {
  /** Tells the owners of segments apart, and whether they live. Default: the system's. */
  readonly processes?: ProcessTable;
}

const PAGE_BYTES = 4096;

/**
 * Buffers that other processes of the same user map by `lease.memory.name`,
 * Linux only. This process owns them: they go when the pool closes, when the
 * process exits, and when it was killed, as soon as another one creates a pool,
 * which sweeps first.
 *
 * Blocks are whole pages, the first 64 B of which hold the owner, the size and
 * the generation. Throws UserError where processes cannot be told apart (no
 * /proc).
 */
export function createSharedPool(options: SharedPoolOptions = {}): BufferPool<SharedSegment> {
  const { processes = systemProcesses, ...poolOptions } = options;
  const owner = ownIdentity(processes);
  sweepSharedMemory({ processes });
  const backing = {
    name: 'shared',
    granuleBytes: PAGE_BYTES,
    smallestBytes: PAGE_BYTES,
    headerBytes: SEGMENT_HEADER_BYTES,
    isCollected: false,
    allocate: (blockBytes: number) => createSegment(owner, blockBytes),
  };
  return new BufferPool(backing, poolOptions);
}
