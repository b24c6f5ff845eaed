import { expect, test } from 'vitest';
import { BufferPool } from '../../../engine/memory/buffer-pool.ts';
import type { MemoryBacking } from '../../../engine/memory/pool-memory.ts';

/** Blocks of whole KiB, and the sizes that were allocated and freed, in order. */
function recordingBacking(): { backing: MemoryBacking; allocated: number[]; freed: number[] } {
  const [allocated, freed]: [number[], number[]] = [[], []];
  const backing: MemoryBacking = {
    name: 'recording',
    granuleBytes: 1024,
    smallestBytes: 1024,
    headerBytes: 0,
    isCollected: true,
    allocate: (blockBytes) => {
      allocated.push(blockBytes / 1024);
      return {
        buffer: new ArrayBuffer(blockBytes),
        byteOffset: 0,
        sizeBytes: blockBytes,
        free: () => freed.push(blockBytes / 1024),
      };
    },
  };
  return { backing, allocated, freed };
}

const KIB = 1024;

test('a small request borrows a larger block rather than exceed the bound', () => {
  const { backing, allocated } = recordingBacking();
  const pool = new BufferPool(backing);
  pool.take(640 * KIB).release();
  // The bound is 800 KiB: a block of 160 KiB still fits, one of 20 KiB then does not.
  using own = pool.take(160 * KIB);
  using borrowed = pool.take(20 * KIB);
  expect(own.memory.sizeBytes).toBe(160 * KIB);
  expect(borrowed.memory.sizeBytes).toBe(640 * KIB);
  expect(borrowed.sizeBytes).toBe(20 * KIB);
  expect(allocated).toEqual([640, 160]);
  // 180 of 800 KiB were asked for.
  expect(pool.statistics().internalFragmentation).toBeCloseTo(1 - 180 / 800, 12);
});

test('a block of up to twice the size is borrowed at once, the smallest first', () => {
  const { backing, allocated } = recordingBacking();
  const pool = new BufferPool(backing);
  const leases = [16, 14, 12].map((kib) => pool.take(kib * KIB));
  for (const lease of leases) lease.release();
  const borrowed = [8, 8, 8, 8].map((kib) => pool.take(kib * KIB));
  expect(borrowed.map((lease) => lease.memory.sizeBytes / KIB)).toEqual([12, 14, 16, 8]);
  expect(allocated).toEqual([16, 14, 12, 8]);
  for (const lease of borrowed) lease.release();
});

test('with 16 leases out no request borrows more than twice its size', () => {
  const { backing, allocated } = recordingBacking();
  const pool = new BufferPool(backing);
  const large = pool.take(4096 * KIB);
  const small = Array.from({ length: 16 }, () => pool.take(64 * KIB));
  large.release();
  // 5120 KiB are held and 6400 may be: with 1536 more the large block would be borrowed.
  pool.take(1300 * KIB).release();
  expect(allocated.at(-1)).toBe(1536);
  for (const lease of small) lease.release();
});

test('what waited longest is freed when something else has to be allocated', () => {
  const { backing, freed } = recordingBacking();
  const pool = new BufferPool(backing);
  const leases = [100, 200, 300].map((kib) => pool.take(kib * KIB));
  for (const lease of [leases[1], leases[0], leases[2]]) lease?.release();
  // Live 600 KiB at most: 750 KiB may be held, and 112 + 224 + 320 are.
  pool.take(350 * KIB).release();
  expect(freed).toEqual([224, 112]);
  expect(pool.statistics()).toMatchObject({ heldBytes: 704 * KIB, peakHeldBytes: 704 * KIB });
});

test('of one size, too, what waited longest goes first', () => {
  const { backing, freed } = recordingBacking();
  const pool = new BufferPool(backing);
  const leases = Array.from({ length: 4 }, () => pool.take(100 * KIB));
  const buffers = leases.map((lease) => lease.buffer);
  for (const lease of leases) lease.release();
  // Of 500 KiB that may be held 4 x 112 are; 128 more take one block.
  pool.take(120 * KIB).release();
  expect(freed).toEqual([112]);
  const left = Array.from({ length: 3 }, () => pool.take(100 * KIB));
  expect(left.map(({ buffer }) => buffers.indexOf(buffer))).toEqual([3, 2, 1]);
  for (const lease of left) lease.release();
});

test('free blocks go before a take is refused for the limit', () => {
  const { backing, freed } = recordingBacking();
  const pool = new BufferPool(backing, { limitBytes: 950 * KIB });
  for (const lease of [pool.take(400 * KIB), pool.take(400 * KIB)]) lease.release();
  // The bound, 1000 KiB, would allow 448 and 512.
  pool.take(480 * KIB).release();
  expect(freed).toEqual([448, 448]);
});

test('64 KiB are kept, however little was live at once', () => {
  const pool = new BufferPool(recordingBacking().backing);
  for (const kib of [4, 8, 16]) pool.take(kib * KIB).release();
  expect(pool.statistics()).toMatchObject({ heldBytes: 28 * KIB, peakLiveBytes: 16 * KIB });
});

test('many tensors below the smallest block are kept, although rounding alone exceeds the bound', () => {
  const { backing, allocated } = recordingBacking();
  const pool = new BufferPool(backing);
  for (let round = 0; round < 10; round += 1) {
    const leases = Array.from({ length: 200 }, () => pool.take(4));
    for (const lease of leases) lease.release();
  }
  expect(allocated).toHaveLength(200);
});

test('a limit that is none is refused', () => {
  for (const limitBytes of [0, -1, Number.NaN]) {
    expect(() => new BufferPool(recordingBacking().backing, { limitBytes })).toThrow(RangeError);
  }
});
