import { describe, expect, test } from 'vitest';
import { createRandom } from '../../../../engine/base/random.ts';
import { Placement, type Extent } from '../../../../engine/runtime/process/placement.ts';

describe('placement', () => {
  test('packs from the start, each on a multiple of 64', () => {
    const placement = new Placement([]);
    expect([100, 1, 64].map((size) => placement.place(size).offset)).toEqual([0, 128, 192]);
    expect(placement.endBytes()).toBe(256);
  });

  test('fills the first gap that is large enough', () => {
    const placement = new Placement([
      { offset: 256, sizeBytes: 100 },
      { offset: 64, sizeBytes: 10 },
    ]);
    // Free: 0 to 64, 128 to 256, from 384.
    expect(placement.place(65).offset).toBe(128);
    expect(placement.place(200).offset).toBe(384);
    expect(placement.place(64).offset).toBe(0);
    expect(placement.endBytes()).toBe(584);
  });

  test('gives nothing no room', () => {
    const placement = new Placement([]);
    expect(placement.place(0)).toEqual({ offset: 0, sizeBytes: 0 });
    expect(placement.endBytes()).toBe(0);
  });

  test('never puts two in one place, also where what is taken overlaps', () => {
    const random = createRandom(7);
    for (let round = 0; round < 200; round += 1) {
      const extent = (): Extent => ({
        offset: Math.floor(random.next() * 64) * 4,
        sizeBytes: Math.floor(random.next() * 200),
      });
      const taken = [extent(), extent(), extent()];
      const placement = new Placement(taken);
      const placed = Array.from({ length: 5 }, () =>
        placement.place(1 + Math.floor(random.next() * 300)),
      );
      for (const [index, one] of placed.entries()) {
        const others = [...taken, ...placed.slice(index + 1)];
        expect(others.filter((other) => overlaps(one, other))).toEqual([]);
        expect(one.offset % 64).toBe(0);
      }
    }
  });
});

function overlaps(a: Extent, b: Extent): boolean {
  return a.offset < b.offset + b.sizeBytes && b.offset < a.offset + a.sizeBytes;
}
