import { expect, test } from 'vitest';
import { paretoFront } from '../../reports/pareto.ts';

const at = (latencyMs: number, qps: number) => ({ latencyMs, qps });

test('the front holds the points that no other beats in both', () => {
  const front = paretoFront([at(5, 50), at(1, 10), at(2, 30), at(3, 20), at(4, 30), at(6, 45)]);
  expect(front).toEqual([at(1, 10), at(2, 30), at(5, 50)]);
});

test('of points with the same latency the faster one stays, of equal points one', () => {
  expect(paretoFront([at(1, 10), at(1, 20), at(1, 20)])).toEqual([at(1, 20)]);
});

test('no points, no front', () => {
  expect(paretoFront([])).toEqual([]);
});
