import { describe, expect, onTestFinished, test } from 'vitest';
import { createSharedFile } from '../../../../engine/memory/shared-file.ts';
import { Arena } from '../../../../engine/runtime/process/arena.ts';

const KIB = 1024;

function open(maxBytes = 1024 * KIB): Arena {
  const arena = new Arena(createSharedFile('claw-test'), maxBytes);
  onTestFinished(() => arena.close());
  return arena;
}

describe('arena', () => {
  test('holds nothing until something is needed, then grows by powers of two to its bound', () => {
    const arena = open(300 * KIB);
    expect(arena.sizeBytes).toBe(0);
    expect(arena.buffer.byteLength).toBe(0);
    const sizes = [1, 64 * KIB, 65 * KIB, 10, 200 * KIB, 300 * KIB].map((sizeBytes) => {
      arena.ensure(sizeBytes);
      return arena.sizeBytes / KIB;
    });
    expect(sizes).toEqual([64, 64, 128, 128, 256, 300]);
    expect(() => arena.ensure(300 * KIB + 1)).toThrow(/allows 300 KiB/);
    expect(arena.sizeBytes).toBe(300 * KIB);
  });

  test('keeps its content, and what was mapped before the run, until the run is over', () => {
    const arena = open();
    arena.ensure(1);
    const feed = new Uint8Array(arena.buffer, 100, 4).fill(5);
    arena.ensure(100 * KIB);
    arena.ensure(500 * KIB);
    expect([...feed]).toEqual([5, 5, 5, 5]);
    expect(arena.owns(feed.buffer)).toBe(true);
    expect([...new Uint8Array(arena.buffer, 100, 4)]).toEqual([5, 5, 5, 5]);
    arena.settle();
    expect(feed.length).toBe(0);
    expect(arena.owns(arena.buffer)).toBe(true);
  });

  test('follows the other side, which has made it longer', () => {
    const file = createSharedFile('claw-test');
    const ours = new Arena(file, 1024 * KIB);
    const theirs = new Arena(file, 1024 * KIB);
    onTestFinished(() => {
      ours.close();
      theirs.close();
    });
    ours.ensure(1);
    theirs.follow(64 * KIB);
    theirs.ensure(200 * KIB);
    new Uint8Array(theirs.buffer)[199 * KIB] = 3;
    ours.follow(theirs.sizeBytes);
    expect(ours.sizeBytes).toBe(256 * KIB);
    expect(new Uint8Array(ours.buffer)[199 * KIB]).toBe(3);
  });

  test('does not own what it has closed', () => {
    const arena = open();
    arena.ensure(1);
    const { buffer } = arena;
    arena.close();
    arena.close();
    expect(arena.owns(buffer)).toBe(false);
    expect(buffer.detached).toBe(true);
  });
});
