import { expect, test } from 'vitest';
import {
  bytesAt,
  isSameSize,
  lawThrough,
  sumOfSizes,
} from '../../../../engine/graph/memory-plan/size-law.ts';

test('two batches give the part that is fixed and the part of each sample', () => {
  // 100 + 40 n.
  const law = lawThrough([
    { batch: 1, bytes: 140 },
    { batch: 4, bytes: 260 },
  ]);
  expect(law).toEqual({ fixedBytes: 100, sampleBytes: 40 });
  expect(bytesAt(law, 16)).toBe(740);
});

test('one batch gives a size that is fixed', () => {
  expect(lawThrough([{ batch: 8, bytes: 96 }])).toEqual({ fixedBytes: 96, sampleBytes: 0 });
});

test('of three batches the first and the last count', () => {
  const law = lawThrough([
    { batch: 1, bytes: 1 },
    { batch: 2, bytes: 100 },
    { batch: 3, bytes: 5 },
  ]);
  expect(law).toEqual({ fixedBytes: -1, sampleBytes: 2 });
});

test('no batch gives less than nothing', () => {
  expect(bytesAt({ fixedBytes: -10, sampleBytes: 4 }, 2)).toBe(0);
});

test('sizes add up part by part, and are the same only in both', () => {
  const sum = sumOfSizes([
    { fixedBytes: 1, sampleBytes: 2 },
    { fixedBytes: 3, sampleBytes: 4 },
  ]);
  expect(sum).toEqual({ fixedBytes: 4, sampleBytes: 6 });
  expect(isSameSize(sum, { fixedBytes: 4, sampleBytes: 6 })).toBe(true);
  expect(isSameSize(sum, { fixedBytes: 4, sampleBytes: 5 })).toBe(false);
  expect(isSameSize(sum, { fixedBytes: 5, sampleBytes: 6 })).toBe(false);
});
