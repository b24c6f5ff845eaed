import { describe, expect, test } from 'vitest';
import { createRandom } from '../../../engine/base/random.ts';
import { independentRatio, welchDifference } from '../../../suites/comparison/welch.ts';

describe('welchDifference', () => {
  test("gives the figures of R's example, t.test(extra ~ group, data = sleep)", () => {
    // Student's sleep data (Cushny and Peebles, 1905). R prints t = -1.8608, df = 17.776,
    // interval -3.3654832 to 0.2054832 for group 1 less group 2.
    const first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
    const second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
    const difference = welchDifference(second, first, { confidence: 0.95 });
    expect(difference.t).toBeCloseTo(-1.8608, 4);
    expect(difference.degreesOfFreedom).toBeCloseTo(17.776, 3);
    expect(difference.value).toBeCloseTo(-1.58, 12);
    expect(difference.low).toBeCloseTo(-3.3654832, 7);
    expect(difference.high).toBeCloseTo(0.2054832, 7);
  });

  test('has no width where nothing varies', () => {
    expect(welchDifference([2, 2], [5, 5, 5], { confidence: 0.95 })).toEqual({
      value: 3,
      low: 3,
      high: 3,
      t: Infinity,
      degreesOfFreedom: 3,
    });
    expect(welchDifference([2, 2], [2, 2], { confidence: 0.95 }).t).toBe(0);
  });

  test('needs two values of either', () => {
    expect(() => welchDifference([1], [1, 2], { confidence: 0.95 })).toThrow(/two values/);
  });
});

describe('independentRatio', () => {
  test('is the difference of the logarithms, exponentiated', () => {
    const a = [100, 102, 99, 101, 100];
    const b = [150, 155, 149, 151, 152, 148];
    const logs = welchDifference(a.map(Math.log), b.map(Math.log), { confidence: 0.95 });
    const { value, low, high } = independentRatio({ a, b }, 0.95);
    expect(Math.log(value)).toBeCloseTo(logs.value, 12);
    expect(Math.log(low)).toBeCloseTo(logs.low, 12);
    expect(Math.log(high)).toBeCloseTo(logs.high, 12);
  });

  test('turns over with the machines', () => {
    const [a, b] = [
      [5, 6, 7, 5, 6],
      [9, 8, 9, 10, 9],
    ];
    const forward = independentRatio({ a, b }, 0.9);
    const backward = independentRatio({ a: b, b: a }, 0.9);
    expect(backward.low).toBeCloseTo(1 / forward.high, 12);
    expect(backward.high).toBeCloseTo(1 / forward.low, 12);
  });

  test('covers the true ratio in 95 % of draws with unequal spreads', () => {
    const random = createRandom(6, 'welch');
    const draw = (count: number, center: number, sd: number): number[] =>
      Array.from({ length: count }, () => Math.exp(center + sd * random.normal()));
    const rounds = 4000;
    let covered = 0;
    for (let round = 0; round < rounds; round += 1) {
      const sessions = { a: draw(5, 0, 0.01), b: draw(8, 0.1, 0.04) };
      const { low, high } = independentRatio(sessions, 0.95);
      if (low <= Math.exp(0.1) && Math.exp(0.1) <= high) covered += 1;
    }
    // Four standard errors; Welch's degrees of freedom are an approximation.
    expect(Math.abs(covered / rounds - 0.95)).toBeLessThan(0.014);
  });

  test('needs five sessions of either, all positive', () => {
    const five = [1, 2, 3, 4, 5];
    expect(() => independentRatio({ a: [1, 2, 3, 4], b: five }, 0.95)).toThrow(
      'A has 4 sessions; a comparison needs at least 5',
    );
    expect(() => independentRatio({ a: five, b: [0, 1, 2, 3, 4] }, 0.95)).toThrow(
      'B has a session of 0',
    );
  });
});
