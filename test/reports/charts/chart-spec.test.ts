import { expect, test } from 'vitest';
import { logTicks } from '../../../reports/charts/chart-spec.ts';

test.each([
  { of: 'two decades', domain: [0.4, 60], ticks: [0.5, 1, 2, 5, 10, 20, 50] },
  { of: 'six decades', domain: [0.5, 90_000], ticks: [1, 10, 100, 1000, 10_000] },
  { of: 'less than an octave', domain: [8.2, 15.6], ticks: [9, 10, 12, 15] },
  { of: 'one point', domain: [4.68, 5.45], ticks: [4.7, 4.8, 4.9, 5, 5.1, 5.2, 5.3, 5.4] },
] as const)('a logarithmic axis of $of has round marks to read it by', ({ domain, ticks }) => {
  expect(logTicks(domain)).toEqual(ticks);
});
