import { expect, test } from 'vitest';
import { parseSlo } from '../../tuner/constraint.ts';
import { servedBounds } from '../../tuner/served-bounds.ts';

test('a bound that was asked for is served', () => {
  const constraints = [parseSlo('p99<20ms')];
  expect(servedBounds({ latencyBoundFrom: 'user', constraints })).toEqual([
    { percentile: 'p99', limitMs: 20 },
  ]);
});

test("a suite's own bound, and none at all, ask for no rates", () => {
  const own = [parseSlo('p99<66ms')];
  expect(servedBounds({ latencyBoundFrom: 'suite', constraints: own })).toEqual([]);
  expect(servedBounds({ latencyBoundFrom: 'user', constraints: [] })).toEqual([]);
});
