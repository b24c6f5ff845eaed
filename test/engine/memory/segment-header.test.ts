import { expect, test } from 'vitest';
import { SEGMENT_HEADER_BYTES, SegmentHeader } from '../../../engine/memory/segment-header.ts';

const OWNER = { namespace: 4_026_531_836, pid: 20, startTicks: 3_454_935 };

test('both sides of a mapping read what the owner wrote', () => {
  const memory = new ArrayBuffer(4096);
  expect(new SegmentHeader(memory).isValid).toBe(false);
  new SegmentHeader(memory).write(OWNER, 4032);
  const other = new SegmentHeader(memory);
  expect(other.isValid).toBe(true);
  expect(other.sizeBytes).toBe(4032);
  expect(other.owner).toEqual(OWNER);
  expect(other.generation).toBe(1);
  // The data that follows is left alone.
  expect(new Uint8Array(memory, SEGMENT_HEADER_BYTES).every((byte) => byte === 0)).toBe(true);
});

test('generations wrap past 0, which means freed', () => {
  const header = new SegmentHeader(new ArrayBuffer(64));
  header.generation = 2 ** 32 - 2;
  header.advance();
  expect(header.generation).toBe(2 ** 32 - 1);
  header.advance();
  expect(header.generation).toBe(1);
});
