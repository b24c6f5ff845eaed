import { describe, expect, it } from 'vitest';
import { dipOfSorted } from '../../../engine/base/dip.ts';
import { createRandom } from '../../../engine/base/random.ts';

describe('dipOfSorted', () => {
  // The definition itself, by linear programming (scipy 1.17 linprog, HiGHS): the least
  // distance of a distribution function that is convex before and concave after a value,
  // the least over all values. Normal, uniform and mixed samples.
  it.each([
    [0.0731679946, [-1.355, -1.109, -1.091, -1.048, -0.396, 0.225, 1.17]],
    [0.1298292902, [0.086, 0.368, 0.399, 0.556, 0.845, 0.936, 0.951]],
    [0.0935415229, [-0.365, 1.35, 4.603, 4.848, 4.979, 5.189, 5.609]],
    [0.1262260128, [-0.517, -0.205, 2.163, 2.741, 3.555, 8.946, 10.339]],
    [
      0.0667870036,
      [
        -1.576, -0.993, -0.941, -0.721, -0.634, -0.615, -0.52, -0.479, -0.464, -0.38, -0.352, 0.018,
        0.1, 0.16, 0.265, 0.348, 0.479, 0.907, 1.734, 1.901,
      ],
    ],
    [
      0.0723017171,
      [
        -0.872, -0.388, -0.058, 0.483, 4.02, 4.074, 4.427, 4.475, 4.77, 4.879, 5.037, 5.25, 5.391,
        5.506, 5.648, 6.029, 6.853, 6.877, 7.16, 7.693,
      ],
    ],
    [
      0.1229882604,
      [
        -1.618, -0.351, -0.329, -0.151, 0.103, 0.494, 0.651, 0.806, 0.962, 3.289, 3.946, 4.294,
        7.708, 8.096, 8.66, 8.664, 9.111, 9.284, 9.928, 10.332,
      ],
    ],
  ] as const)('finds %d', (expected, values) => {
    expect(dipOfSorted(Float64Array.from(values)).statistic).toBeCloseTo(expected, 9);
  });

  it('is at its least, 1/(2n), for evenly spaced and for equal values', () => {
    expect(dipOfSorted(Float64Array.of(1, 2, 3, 4, 5)).statistic).toBe(0.1);
    expect(dipOfSorted(Float64Array.of(2, 2, 2, 2)).statistic).toBe(0.125);
    expect(dipOfSorted(Float64Array.of(7)).statistic).toBe(0.5);
  });

  it('nears 1/4 for two narrow modes of equal weight, split between them', () => {
    const values = Float64Array.from({ length: 200 }, (_, i) => (i < 100 ? 0 : 1) + i * 1e-6);
    const { statistic, split } = dipOfSorted(values);
    expect(statistic).toBeGreaterThan(0.24);
    expect(statistic).toBeLessThanOrEqual(0.25);
    expect(split).toBe(100);
  });

  it('says the same of the mirrored sample', () => {
    const random = createRandom(4, 'mirror');
    const values = Float64Array.from({ length: 300 }, () => random.next() ** 2 + random.integer(2));
    const mirrored = values.map((value) => -value).sort();
    const there = dipOfSorted(values.sort());
    const back = dipOfSorted(mirrored);
    expect(back.statistic).toBeCloseTo(there.statistic, 12);
    expect(back.split).toBe(300 - there.split);
  });

  it('exceeds 0.0471 in a tenth of uniform samples of 100', () => {
    // Table 1 of Hartigan and Hartigan (1985), as corrected in R's diptest::qDiptab.
    const random = createRandom(5, 'table');
    const rounds = 4000;
    let beyond = 0;
    for (let round = 0; round < rounds; round += 1) {
      const values = Float64Array.from({ length: 100 }, () => random.next()).sort();
      if (dipOfSorted(values).statistic > 0.0471) beyond += 1;
    }
    // Four standard errors, and the last digit of the table.
    expect(Math.abs(beyond / rounds - 0.1)).toBeLessThan(0.022);
  });
});
