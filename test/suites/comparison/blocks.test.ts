import { describe, expect, test } from 'vitest';
import { blockLogRatio, planBlocks } from '../../../suites/comparison/blocks.ts';

describe('planBlocks', () => {
  test('is balanced at each look, and to within one block in between', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const plan = planBlocks(20, seed);
      for (let count = 1; count <= 20; count += 1) {
        const starts = plan.slice(0, count).filter((order) => order === 'ABBA').length;
        expect(Math.abs(2 * starts - count)).toBe(count % 2);
      }
    }
  });

  test('begins a longer plan with the shorter one', () => {
    const plan = planBlocks(20, 7);
    for (const count of [0, 1, 6, 7, 12, 19]) {
      expect(planBlocks(count, 7)).toEqual(plan.slice(0, count));
    }
  });

  test('is drawn by the seed', () => {
    expect(planBlocks(20, 1)).toEqual(planBlocks(20, 1));
    const plans = new Set([1, 2, 3, 4, 5, 6].map((seed) => planBlocks(20, seed).join(' ')));
    expect(plans.size).toBe(6);
  });
});

describe('blockLogRatio', () => {
  test('is the mean log of B less that of A, by hand', () => {
    // log2: A 1 and 3, B 2 and 6: 4 - 2 = 2.
    const [two, four, eight, sixtyFour] = [2, 4, 8, 64];
    expect(blockLogRatio('ABBA', [two, four, sixtyFour, eight])).toBeCloseTo(2 * Math.LN2, 12);
    expect(blockLogRatio('BAAB', [four, two, eight, sixtyFour])).toBeCloseTo(2 * Math.LN2, 12);
  });

  test.each(['ABBA', 'BAAB'] as const)('cancels a steady drift in %s', (order) => {
    const drifting = [1, 1.01, 1.01 ** 2, 1.01 ** 3] as const;
    expect(blockLogRatio(order, drifting)).toBeCloseTo(0, 12);
  });

  test.each([0, -1, Number.NaN, Infinity])('refuses the value %d', (value) => {
    expect(() => blockLogRatio('ABBA', [1, value, 1, 1])).toThrow(/positive, finite/);
  });
});
