import { describe, expect, onTestFinished, test } from 'vitest';
import { UserError } from '../../../engine/base/errors.ts';
import { createRandom } from '../../../engine/base/random.ts';
import type { BufferPool, PoolOptions } from '../../../engine/memory/buffer-pool.ts';
import type { Lease } from '../../../engine/memory/lease.ts';
import type { LeakReport } from '../../../engine/memory/leak-watch.ts';
import { collectUntil } from './collect-garbage.ts';

/** What every pool keeps, wherever its memory comes from: a new one adds a call. */
export function describePool(name: string, create: (options?: PoolOptions) => BufferPool): void {
  const open = (options?: PoolOptions): BufferPool => {
    const pool = create(options);
    onTestFinished(() => pool.close());
    return pool;
  };
  describe(`${name} pool`, () => {
    describeLeases(open);
    describeReuse(open);
    describeEnds(open);
  });
}

type Open = (options?: PoolOptions) => BufferPool;

function describeLeases(open: Open): void {
  test('lends what was asked for, aligned for every element type', () => {
    const pool = open();
    for (const sizeBytes of [0, 1, 255, 256, 257, 5000, 600_000]) {
      const lease = pool.take(sizeBytes);
      expect(lease.sizeBytes).toBe(sizeBytes);
      expect(lease.byteOffset % 64).toBe(0);
      expect(lease.memory.sizeBytes).toBeGreaterThanOrEqual(sizeBytes);
      const count = Math.floor(sizeBytes / 8);
      const view = lease.view(BigInt64Array, count).fill(-1n);
      expect(view).toHaveLength(count);
      expect(view.buffer).toBe(lease.buffer);
      lease.release();
    }
  });

  test('never lends the same bytes twice at once', () => {
    const pool = open();
    const random = createRandom(3, 'leases');
    const leases: { lease: Lease; mark: number; length: number }[] = [];
    for (let step = 0; step < 600; step += 1) {
      const length = 1 + random.integer(30_000);
      const lease = pool.take(length);
      lease.view(Uint8Array, length).fill(step % 251);
      leases.push({ lease, mark: step % 251, length });
      while (leases.length > random.integer(24)) {
        const [ended] = leases.splice(random.integer(leases.length), 1);
        const view = ended?.lease.view(Uint8Array, ended.length);
        expect(view?.every((byte) => byte === ended?.mark)).toBe(true);
        ended?.lease.release();
      }
    }
    expect(pool.statistics().outstanding).toBe(leases.length);
    for (const { lease } of leases) lease.release();
  });

  test('refuses views beyond what was asked for, and sizes that are none', () => {
    const pool = open();
    const lease = pool.take(1000);
    expect(lease.view(Float32Array, 250)).toHaveLength(250);
    expect(() => lease.view(Float32Array, 251)).toThrow(/251 elements of 4 B .* 1000 B/);
    expect(() => lease.view(Float32Array, -1)).toThrow(RangeError);
    for (const sizeBytes of [-1, 0.5, Number.NaN, Infinity, 2 ** 50]) {
      expect(() => pool.take(sizeBytes)).toThrow(RangeError);
    }
    expect(pool.statistics().outstanding).toBe(1);
    lease.release();
  });

  test('a released lease cannot be used, and a second release harms no later taker', () => {
    const pool = open();
    const first = pool.take(1000);
    const { buffer } = first;
    first.release();
    expect(() => first.buffer).toThrow(/was released/);
    expect(() => first.view(Uint8Array, 1)).toThrow(/was released/);
    const second = pool.take(1000);
    expect(second.buffer).toBe(buffer);
    first.release();
    const third = pool.take(1000);
    expect(third.buffer).not.toBe(buffer);
    expect(pool.statistics().outstanding).toBe(2);
    second.release();
    third.release();
  });
}

function describeReuse(open: Open): void {
  test('lends a block again, with the same view for the same tensor', () => {
    const pool = open();
    const first = pool.take(40_000);
    const view = first.view(Float32Array, 10_000);
    first.release();
    const second = pool.take(40_000);
    expect(second.view(Float32Array, 10_000)).toBe(view);
    expect(second.view(Int32Array, 10_000)).toBeInstanceOf(Int32Array);
    expect(second.view(Int32Array, 9999)).toHaveLength(9999);
    expect(pool.statistics()).toMatchObject({ hits: 1, misses: 1, outstanding: 1 });
    second.release();
  });

  test('a disposed lease is released', () => {
    const pool = open();
    {
      using lease = pool.take(64);
      expect(pool.statistics().outstanding).toBe(1);
      expect(lease.sizeBytes).toBe(64);
    }
    expect(pool.statistics().outstanding).toBe(0);
  });

  test.each([1, 2, 4])(
    'a mixed trace of 12 sizes, %d at once: 95 of 100 takes hit, held is at most 1.25 of the peak',
    (atOnce) => {
      const pool = open();
      replay(pool, { inferences: 5000, atOnce });
      const { hits, misses, heldBytes, peakHeldBytes, peakLiveBytes } = pool.statistics();
      expect(hits + misses).toBe(10_000);
      expect(hits / (hits + misses)).toBeGreaterThanOrEqual(0.95);
      expect(heldBytes).toBeLessThanOrEqual(1.25 * peakLiveBytes);
      expect(peakHeldBytes).toBeLessThanOrEqual(1.25 * peakLiveBytes);
    },
  );

  test('forgets a burst: what it held is freed within 16,384 takes', () => {
    const pool = open();
    const burst = Array.from({ length: 20 }, () => pool.take(300_000));
    for (const lease of burst) lease.release();
    expect(pool.statistics().heldBytes).toBeGreaterThan(6_000_000);
    for (let take = 0; take < 16_384; take += 1) pool.take(30_000).release();
    expect(pool.statistics().heldBytes).toBeLessThanOrEqual(64 * 1024);
    pool.trim();
    expect(pool.statistics()).toMatchObject({ heldBytes: 0, peakLiveBytes: 6_000_000 });
  });
}

function describeEnds(open: Open): void {
  test('refuses to hold more than its limit, and stays usable', () => {
    const pool = open({ limitBytes: 1_000_000 });
    const first = pool.take(600_000);
    const refused = (): unknown => pool.take(500_000);
    expect(refused).toThrow(UserError);
    expect(refused).toThrow(/pool may hold 977 KiB: .* are lent, and 488 KiB more/);
    first.release();
    // Too small for it: the block that is free must go first.
    const second = pool.take(700_000);
    expect(pool.statistics()).toMatchObject({ outstanding: 1, liveBytes: 700_000 });
    expect(pool.statistics().heldBytes).toBeLessThanOrEqual(1_000_000);
    second.release();
  });

  test('closes: refuses takes, frees what is free, and the rest when it is released', () => {
    const pool = open();
    pool.take(20_000).release();
    const lease = pool.take(40_000);
    pool.close();
    pool.close();
    expect(() => pool.take(1)).toThrow(/pool is closed/);
    expect(lease.view(Uint8Array, 40_000).fill(7)[39_999]).toBe(7);
    const { heldBytes } = pool.statistics();
    expect(heldBytes).toBeGreaterThanOrEqual(40_000);
    expect(heldBytes).toBeLessThan(60_000);
    lease.release();
    expect(pool.statistics()).toMatchObject({ heldBytes: 0, outstanding: 0 });
  });

  test('tells of a lost lease, and who took it', async () => {
    const leaks: LeakReport[] = [];
    const pool = open({ onLeak: (leak) => leaks.push(leak) });
    const kept = pool.take(2000, 'kept');
    // Collected too, but not lost: the pool let it go.
    pool.take(9000, 'trimmed').release();
    pool.trim();
    lose(pool, 'the batcher');
    await collectUntil(() => leaks.length > 0);
    expect(leaks).toEqual([{ sizeBytes: 3000, taker: 'the batcher' }]);
    expect(pool.statistics()).toMatchObject({ leaks: 1, outstanding: 1, liveBytes: 2000 });
    kept.release();
    using next = pool.take(3000);
    expect(next.view(Uint8Array, 3000)).toHaveLength(3000);
  });

  test('debug mode: a lost lease names its taker by the stack, and late readers see NaN', async () => {
    const leaks: LeakReport[] = [];
    const pool = open({ debug: true, onLeak: (leak) => leaks.push(leak) });
    const lease = pool.take(400);
    const late = lease.view(Float32Array, 100).fill(1);
    lease.release();
    expect(late.every((value) => Number.isNaN(value))).toBe(true);
    lose(pool);
    await collectUntil(() => leaks.length > 0);
    expect(leaks[0]?.taker?.split('\n')[0]).toMatch(/at lose .*pool-conformance\.ts/);
  });
}

/** Twelve shapes up to 600 KB, feeds and answers, released in any order. */
function replay(
  pool: BufferPool,
  { inferences, atOnce }: { readonly inferences: number; readonly atOnce: number },
): void {
  const random = createRandom(11, 'trace');
  const running: Lease[][] = [];
  for (let inference = 0; inference < inferences; inference += 1) {
    const feedBytes = 50_000 * (1 + random.integer(12));
    running.push([pool.take(feedBytes), pool.take(4000)]);
    if (running.length < atOnce) continue;
    const [ended = []] = running.splice(random.integer(running.length), 1);
    for (const lease of ended) lease.release();
  }
  for (const lease of running.flat()) lease.release();
}

/** In a function of its own, so that nothing on the stack keeps the lease. */
function lose(pool: BufferPool, taker?: string): void {
  expect(pool.take(3000, taker).sizeBytes).toBe(3000);
}
