import { expect, test } from 'vitest';
import {
  logExpectedImprovement,
  normalCdf,
  normalQuantile,
} from '../../../../tuner/search/bandit/normal.ts';

test('the normal distribution: values of Abramowitz and Stegun, table 26.1', () => {
  for (const [z, p] of [
    [0, 0.5],
    [1, 0.8413447461],
    [1.96, 0.9750021049],
    [-3, 0.0013498980316],
  ] as const) {
    expect(normalCdf(z)).toBeCloseTo(p, 6);
    expect(normalQuantile(p)).toBeCloseTo(z, 4);
  }
  // 1 - Phi(8) = 6.22096e-16: the lower tail keeps its digits.
  expect(normalCdf(-8) / 6.220960574e-16).toBeCloseTo(1, 6);
});

test('the expected improvement: by numerical integration, and its asymptote far below', () => {
  for (const [mean, sd, best] of [
    [1, 0.5, 0.5],
    [0, 1, 2],
    [0, 0.1, 0.4],
  ] as const) {
    const step = 1e-4;
    let sum = 0;
    for (let z = -12; z < 12; z += step) {
      const density = Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);
      sum += Math.max(0, mean + sd * z - best) * density * step;
    }
    expect(logExpectedImprovement({ mean, sd }, best)).toBeCloseTo(Math.log(sum), 3);
  }
  const far = logExpectedImprovement({ mean: 0, sd: 1 }, 29.99);
  const farther = logExpectedImprovement({ mean: 0, sd: 1 }, 30.01);
  // d/dz of -z^2/2 is -30: no step where the formula changes.
  expect(far - farther).toBeCloseTo(0.6, 1);
  expect(logExpectedImprovement({ mean: 0, sd: 1 }, 200)).toBeGreaterThan(-Infinity);
});
