import { expect, test } from 'vitest';
import {
  sizeClassBytes,
  sizeClassOf,
  type BlockGeometry,
} from '../../../engine/memory/size-classes.ts';

const LINES: BlockGeometry = { granuleBytes: 64, smallestBytes: 256, headerBytes: 0 };
const PAGES: BlockGeometry = { granuleBytes: 4096, smallestBytes: 4096, headerBytes: 64 };

function blockOf(sizeBytes: number, geometry: BlockGeometry): number {
  return sizeClassBytes(sizeClassOf(sizeBytes, geometry), geometry);
}

test('four sizes per doubling from 256 B on', () => {
  const sizes = [256, 320, 384, 448, 512, 640, 768, 896, 1024, 1280];
  expect(sizes.map((bytes) => blockOf(bytes, LINES))).toEqual(sizes);
  expect(sizes.map((bytes) => blockOf(bytes + 1, LINES))).toEqual([...sizes.slice(1), 1536]);
  expect([0, 1, 255].map((bytes) => blockOf(bytes, LINES))).toEqual([256, 256, 256]);
});

test('every block holds what was asked for with less than a quarter more', () => {
  for (let bytes = 256; bytes < 2 ** 37; bytes = Math.ceil(bytes * 1.037)) {
    const block = blockOf(bytes, LINES);
    expect(block).toBeGreaterThanOrEqual(bytes);
    expect(block).toBeLessThan(1.25 * bytes);
  }
});

test('classes are numbered without gaps, in the order of their sizes', () => {
  for (let index = 3; index < 119; index += 1) {
    const bytes = sizeClassBytes(index, LINES);
    expect(sizeClassOf(bytes, LINES)).toBe(index);
    expect(sizeClassOf(bytes + 1, LINES)).toBe(index + 1);
  }
});

test('pages: whole ones, and the header is part of the first', () => {
  expect([1, 4032, 4033, 8128, 8129].map((bytes) => blockOf(bytes, PAGES))).toEqual([
    4096, 4096, 8192, 8192, 12_288,
  ]);
  // 4 MiB and a header: 1025 pages, of which the next class has 1280.
  expect(blockOf(4 * 2 ** 20, PAGES)).toBe(1280 * 4096);
});

test('what no block can hold is refused', () => {
  expect(blockOf(2 ** 37, LINES)).toBe(2 ** 37);
  expect(() => sizeClassOf(2 ** 37 + 1, LINES)).toThrow(/more than a block can hold/);
  expect(() => sizeClassOf(1.5, LINES)).toThrow(/whole number of bytes, not 1.5/);
});
