import { expect, test } from 'vitest';
import { ChannelMoments } from '../../../suites/inspection/training/channel-moments.ts';

test('mean and variance of each channel over all maps of all batches, by hand', () => {
  const moments = new ChannelMoments(2);
  // Two pictures of two channels of two pixels, then one picture more.
  moments.add(Float32Array.of(1, 3, 0, 0, 1, 3, 4, 4), 2);
  moments.add(Float32Array.of(2, 2, 2, 2), 1);
  const { mean, variance } = moments.result();
  // 1 3 1 3 2 2, and 0 0 4 4 2 2.
  expect([...mean]).toEqual([2, 2]);
  expect(variance[0]).toBeCloseTo(4 / 6, 12);
  expect(variance[1]).toBeCloseTo(16 / 6, 12);
});

test('a channel that never changes has a variance to divide by', () => {
  const moments = new ChannelMoments(1);
  moments.add(Float32Array.of(0.1, 0.1, 0.1), 1);
  expect([...moments.result().variance]).toEqual([1e-8]);
});
