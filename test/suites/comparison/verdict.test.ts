import { describe, expect, test } from 'vitest';
import { isWithin, judgeRatio } from '../../../suites/comparison/verdict.ts';

describe('the verdict of an interval', () => {
  test.each([
    [1.05, 1.15, 'better'],
    [0.85, 0.95, 'worse'],
    [0.99, 1.01, 'equivalent'],
    [1.005, 1.015, 'different-within-margin'],
    [0.985, 0.995, 'different-within-margin'],
    [1.01, 1.05, 'different-within-margin'],
    [0.95, 0.99, 'different-within-margin'],
    [0.9, 1.1, 'inconclusive'],
    [0.99, 1.05, 'inconclusive'],
    [0, Infinity, 'inconclusive'],
  ] as const)('[%f, %f] of a throughput is %s at a margin of 2 %%', (low, high, verdict) => {
    expect(judgeRatio({ low, high }, 0.02, { higherIsBetter: true })).toBe(verdict);
  });

  test.each([
    [1.05, 1.15, 'worse'],
    [0.85, 0.95, 'better'],
    [0.99, 1.01, 'equivalent'],
    [1.01, 1.05, 'different-within-margin'],
    [0.9, 1.1, 'inconclusive'],
  ] as const)('[%f, %f] of a latency is %s', (low, high, verdict) => {
    expect(judgeRatio({ low, high }, 0.02, { higherIsBetter: false })).toBe(verdict);
  });

  test('what touches the margin is not beyond it, nor inside it', () => {
    expect(judgeRatio({ low: 1.5, high: 2 }, 0.5, { higherIsBetter: true })).toBe(
      'different-within-margin',
    );
    expect(isWithin({ low: 0.75, high: 1.5 }, 0.5)).toBe(false);
    expect(isWithin({ low: 0.5, high: 1.25 }, 0.5)).toBe(false);
    expect(isWithin({ low: 0.75, high: 1.25 }, 0.5)).toBe(true);
  });
});
