import { describe, expect, test } from 'vitest';
import {
  COMPARED_METRICS,
  COMPARED_METRIC_NAMES,
  marginFor,
} from '../../../suites/comparison/margins.ts';

describe('the margin of a metric', () => {
  test.each([
    ['throughput', 0.02],
    ['p50', 0.02],
    ['p99', 0.05],
    ['energy', 0.03],
    ['memory', 0.02],
  ] as const)('of %s is %f by default', (metric, margin) => {
    expect(marginFor(metric, null)).toBe(margin);
  });

  test('rises to what the host can tell apart, and never falls below the default', () => {
    expect(marginFor('p50', 0.035)).toBe(0.035);
    expect(marginFor('p99', 0.035)).toBe(0.05);
  });

  test('every metric is named once, and only throughput is better when higher', () => {
    expect([...COMPARED_METRIC_NAMES].sort()).toEqual(Object.keys(COMPARED_METRICS).sort());
    const higher = COMPARED_METRIC_NAMES.filter((name) => COMPARED_METRICS[name].higherIsBetter);
    expect(higher).toEqual(['throughput']);
  });
});
