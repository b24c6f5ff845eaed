import { expect, test } from 'vitest';
import { parseSlo } from '../../tuner/constraint.ts';
import { servedBounds } from '../../tuner/served-bounds.ts';

test('a bound that was asked for is served, of a model and of a suite', () => {
  const bound = { percentile: 'p99', limitMs: 20 };
  const constraints = [parseSlo('p99<20ms')];
  expect(servedBounds({ workload: { suite: null }, constraints })).toEqual([bound]);
  expect(servedBounds({ workload: { suite: 'inspection' }, constraints })).toEqual([bound]);
});

test("a suite's own bound, and none at all, ask for no rates", () => {
  const own = [parseSlo('p99<66ms')];
  expect(servedBounds({ workload: { suite: 'inspection' }, constraints: own })).toEqual([]);
  expect(servedBounds({ workload: { suite: null }, constraints: own })).toHaveLength(1);
  expect(servedBounds({ workload: { suite: 'inspection' }, constraints: [] })).toEqual([]);
});
