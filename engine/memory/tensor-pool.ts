import { UserError } from '../base/errors.ts';
import { formatBytes } from '../base/units.ts';
import { BufferPool, type PoolOptions } from './buffer-pool.ts';
import type { MemoryBacking, PoolMemory } from './pool-memory.ts';

/**
 * Buffers for tensors of this process. They are SharedArrayBuffers, so that
 * thread replicas read and write them without a copy. Blocks are multiples of
 * 64 B, a cache line, from 256 B on: a lease of 256 B and more wastes less than
 * a fifth of its block.
 */
export function createTensorPool(options: PoolOptions = {}): BufferPool {
  return new BufferPool(SHARED_ARRAY_BUFFERS, options);
}

const SHARED_ARRAY_BUFFERS: MemoryBacking = Object.freeze({
  name: 'tensor',
  granuleBytes: 64,
  smallestBytes: 256,
  headerBytes: 0,
  isCollected: true,
  allocate: allocateSharedArrayBuffer,
});

function allocateSharedArrayBuffer(blockBytes: number): PoolMemory {
  try {
    const buffer = new SharedArrayBuffer(blockBytes);
    // Nothing to free: the garbage collector does.
    return { buffer, byteOffset: 0, sizeBytes: blockBytes, free: () => undefined };
  } catch (thrown) {
    throw new UserError(`there is no memory for a tensor of ${formatBytes(blockBytes)}`, {
      remedy: 'use a smaller batch, fewer replicas, or a machine with more memory',
      cause: thrown,
    });
  }
}
