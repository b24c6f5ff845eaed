import { expect, test } from 'vitest';
import { SimulatedArena } from '../../../../engine/graph/memory-plan/arena.ts';

const KIB = 2 ** 10;
const MIB = 2 ** 20;

test('the first region is 1 MiB, the next twice as large', () => {
  const arena = new SimulatedArena();
  arena.allocate(MIB);
  expect(arena.heldBytes).toBe(MIB);
  arena.allocate(KIB);
  expect(arena.heldBytes).toBe(3 * MIB);
});

test('a large request doubles the region until it fits, and the next region is as large', () => {
  const arena = new SimulatedArena();
  arena.allocate(5 * MIB);
  expect(arena.heldBytes).toBe(8 * MIB);
  // 3 MiB are left in the first region: 4 MiB need another one.
  arena.allocate(4 * MIB);
  expect(arena.heldBytes).toBe(16 * MIB);
});

test('requests are rounded up to 256 bytes', () => {
  const arena = new SimulatedArena();
  arena.allocate(1);
  arena.allocate(257);
  expect(arena.touchedBytes).toBe(768);
});

test('nothing takes nothing', () => {
  const arena = new SimulatedArena();
  const block = arena.allocate(0);
  arena.free(block);
  expect([block, arena.heldBytes]).toEqual([null, 0]);
});

test('what was given back is handed out again, and neighbours are joined', () => {
  const arena = new SimulatedArena();
  const [a, b] = [arena.allocate(256 * KIB), arena.allocate(256 * KIB)];
  arena.allocate(512 * KIB);
  arena.free(a);
  arena.free(b);
  arena.allocate(512 * KIB);
  expect([arena.heldBytes, arena.touchedBytes]).toEqual([MIB, MIB]);
});

test('the smallest piece that is large enough is taken', () => {
  const arena = new SimulatedArena();
  const large = arena.allocate(512 * KIB);
  arena.allocate(64 * KIB);
  const small = arena.allocate(128 * KIB);
  arena.allocate(64 * KIB);
  arena.free(large);
  arena.free(small);
  const taken = arena.allocate(100 * KIB);
  expect(taken?.offset).toBe((512 + 64) * KIB);
});

test('a piece that is less than twice as large is not split', () => {
  const arena = new SimulatedArena();
  const block = arena.allocate(600 * KIB);
  arena.free(block);
  // 1 MiB is free again: more than half of it is taken whole.
  arena.allocate(600 * KIB);
  expect(arena.peakBytes).toBe(MIB);
  expect(arena.touchedBytes).toBe(600 * KIB);
  arena.allocate(100 * KIB);
  expect(arena.heldBytes).toBe(3 * MIB);
});

test('a block is freed once', () => {
  const arena = new SimulatedArena();
  const block = arena.allocate(KIB);
  arena.free(block);
  expect(() => arena.free(block)).toThrow('twice');
});
