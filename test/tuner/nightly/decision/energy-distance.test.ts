import { describe, expect, it } from 'vitest';
import { bestDivision } from '../../../../tuner/nightly/decision/energy-distance.ts';

describe('the best division of a series', () => {
  it('is where hand arithmetic puts it', () => {
    // Between: 2 x (10+11+10+11) + 2 x (9+10+9+10) = 160 over 16 pairs, twice: 20. Within
    // each side 4 of 6 pairs differ by 1: 2/3 twice. E = 20 - 4/3, Q = 16/8 E = 112/3.
    const { at, statistic } = bestDivision([0, 1, 0, 1, 10, 11, 10, 11], 2);
    expect(at).toBe(4);
    expect(statistic).toBeCloseTo(112 / 3, 12);
  });

  it('agrees with plain sums over all pairs, as the paper writes them', () => {
    const series = [
      -0.256, 0.511, -0.226, -0.315, -0.93, -0.213, 1.112, 0.424, 1.037, 0.249, 0.395, 0.185,
      -1.666, 0.855, 2.506, 2.499, 0.309, 0.256, 1.11, 1.532, 2.305, 1.954, 2.521, 1.358, -0.691,
      -0.606, -1.661, 0.718, -0.443, 0.197,
    ];
    // From 30 lines of Python with itertools.combinations, without sums over rectangles.
    const { at, statistic } = bestDivision(series, 3);
    expect(at).toBe(14);
    expect(statistic).toBeCloseTo(7.976820512820523, 10);
  });

  it('is none where a side would be too short', () => {
    expect(bestDivision([1, 2, 3, 4, 5], 3).statistic).toBe(-Infinity);
  });
});
