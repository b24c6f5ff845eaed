import { expect, test } from 'vitest';
import { createTensorPool } from '../../../engine/memory/tensor-pool.ts';
import { describePool } from './pool-conformance.ts';

describePool('tensor', createTensorPool);

test('tensors lie in shared memory: a thread gets them without a copy', () => {
  using lease = createTensorPool().take(1024);
  const there = structuredClone(lease.view(Float32Array, 256));
  lease.view(Float32Array, 256)[255] = 42;
  expect(lease.buffer).toBeInstanceOf(SharedArrayBuffer);
  expect(there[255]).toBe(42);
});

test('statistics are those of the leases', () => {
  const pool = createTensorPool();
  const first = pool.take(600);
  const second = pool.take(256);
  // 600 B need ten cache lines, 640 B; 256 B have a class of their own.
  expect(pool.statistics()).toEqual({
    hits: 0,
    misses: 2,
    outstanding: 2,
    leaks: 0,
    heldBytes: 896,
    liveBytes: 856,
    peakHeldBytes: 896,
    peakLiveBytes: 856,
    lostBytes: 0,
    internalFragmentation: 1 - 856 / 896,
  });
  first.release();
  second.release();
  expect(pool.statistics()).toMatchObject({ outstanding: 0, liveBytes: 0, heldBytes: 896 });
  expect(pool.statistics().internalFragmentation).toBe(0);
});
