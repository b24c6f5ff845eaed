import { describe, expect, test } from 'vitest';
import { groupEffects } from '../../../../tuner/search/gp/effects.ts';
import {
  condition,
  posteriorCovariance,
  priorMean,
  type Model,
} from '../../../../tuner/search/gp/gaussian-process.ts';
import { groupedSpaceOf } from '../../../../tuner/search/gp/grouped-space.ts';
import { covariance, createKernel, matern52 } from '../../../../tuner/search/gp/kernel.ts';
import type { SearchArm, SearchSpace } from '../../../../tuner/search/searcher.ts';

const BATCHES = [1, 2, 8];
const arms: SearchArm[] = ['a', 'b'].flatMap((mode) =>
  BATCHES.map((batch) => ({ key: `${mode} ${batch}`, values: { mode, batch } })),
);
const space: SearchSpace = {
  knobs: [
    { name: 'mode', scale: 'categorical', values: ['a', 'b'], group: 'mode' },
    { name: 'batch', scale: 'log2', values: BATCHES, group: 'batch' },
  ],
  defaultArm: arms[0] as SearchArm,
  arms,
};
const grouped = groupedSpaceOf(space);
const effects = groupEffects(grouped, [
  { knob: 'batch', of: (value) => Math.log2(Number(value)), mean: 0.1, sd: 0.2 },
]);
const parameters = {
  mainSd: [0.5, 0.3],
  length: { batch: 2 },
  interaction: 0.2,
  coupledSd: 0,
  productSd: 0.1,
};
const model: Model = {
  space: grouped,
  effects,
  level: 3,
  kernel: createKernel(grouped, effects, { parameters, coupled: null }),
  noise: { noiseSd: 0.05, driftSd: 0.1, driftRows: 4 },
};
/** By hand: c + v_m k_m + v_b k_b + s^2 x x' + w k_m k_b + u k_m k_b. */
function byHand(a: number, b: number): number {
  const [left, right] = [arms[a], arms[b]] as [SearchArm, SearchArm];
  const [x, y] = [
    Math.log2(Number(left.values['batch'])),
    Math.log2(Number(right.values['batch'])),
  ];
  const mode = left.values['mode'] === right.values['mode'] ? 1 : Math.exp(-1);
  const batch = matern52(Math.abs(x - y) / 2);
  const pair = (0.2 * 2 * 0.25 * 0.09) / (0.25 + 0.09);
  return 1 + 0.25 * mode + 0.09 * batch + 0.04 * x * y + (pair + 0.01) * mode * batch;
}

const rows = {
  arms: Int32Array.of(0, 4, 0, 2, 4),
  values: Float64Array.of(3.1, 3.6, 3.0, 3.9, 3.5),
};

/** Gauss and Jordan with pivots: an inverse that shares no code with the factorization. */
function inverse(matrix: readonly (readonly number[])[]): number[][] {
  const n = matrix.length;
  const work = matrix.map((row, i) => [...row, ...row.map((_, j) => Number(i === j))]);
  for (let column = 0; column < n; column += 1) {
    const rest = work.slice(column).map((row) => Math.abs(row[column] as number));
    const pivot = column + rest.indexOf(Math.max(...rest));
    [work[column], work[pivot]] = [work[pivot] as number[], work[column] as number[]];
    const head = work[column] as number[];
    const scale = head[column] as number;
    for (const [j, value] of head.entries()) head[j] = value / scale;
    for (const [i, row] of work.entries()) {
      const factor = row[column] as number;
      if (i !== column)
        for (const [j, value] of head.entries()) row[j] = (row[j] as number) - factor * value;
    }
  }
  return work.map((row) => row.slice(n));
}

describe('the kernel', () => {
  test('is the sum of main effects, trends, pairs and the product', () => {
    for (let a = 0; a < arms.length; a += 1) {
      for (let b = 0; b < arms.length; b += 1) {
        const value = covariance(model.kernel, grouped.codes, 2 * a, 2 * b);
        expect(value).toBeCloseTo(byHand(a, b), 12);
      }
    }
  });

  test('knows Matern 5/2: one length scale apart', () => {
    // (1 + sqrt 5 + 5/3) exp(-sqrt 5)
    expect(matern52(1)).toBeCloseTo(0.5239941088318203, 12);
    expect(matern52(0)).toBe(1);
  });
});

describe('the posterior', () => {
  const process = condition(model, rows);
  const dense = inverse(
    [...rows.arms].map((a, i) =>
      [...rows.arms].map(
        (b, j) => byHand(a, b) + 0.01 * Math.exp(-Math.abs(i - j) / 4) + (i === j ? 0.05 ** 2 : 0),
      ),
    ),
  );
  const residual = [...rows.values].map((value, i) => value - priorMean(model, rows.arms[i] ?? 0));
  const weigh = (u: readonly number[], v: readonly number[]): number =>
    u.reduce(
      (sum, x, i) => sum + x * v.reduce((all, y, j) => all + (dense[i]?.[j] ?? 0) * y, 0),
      0,
    );
  const cross = (arm: number): number[] => [...rows.arms].map((other) => byHand(arm, other));

  test('has the means and variances of the dense inverse', () => {
    for (const arm of arms.keys()) {
      const expected = priorMean(model, arm) + weigh(cross(arm), residual);
      const predicted = process?.predict(arm);
      expect(predicted?.mean).toBeCloseTo(expected, 9);
      expect(process?.mean(arm)).toBeCloseTo(expected, 9);
      const variance = byHand(arm, arm) - weigh(cross(arm), cross(arm));
      expect(predicted?.variance).toBeCloseTo(variance, 9);
    }
  });

  test('has the covariances of the dense inverse', () => {
    const at = (arm: number): { arm: number; projection: Float64Array } => ({
      arm,
      projection: process?.predict(arm).projection ?? new Float64Array(),
    });
    const expected = byHand(1, 5) - weigh(cross(1), cross(5));
    expect(posteriorCovariance(model, at(1), at(5))).toBeCloseTo(expected, 9);
  });

  test('has means of known effects relative to the default', () => {
    expect(priorMean(model, 0)).toBe(3);
    // Batch 8: three doublings of 0.1.
    expect(priorMean(model, 2)).toBeCloseTo(3.3, 12);
  });

  test('survives one row, and equal rows without noise', () => {
    const one = { arms: Int32Array.of(0), values: Float64Array.of(3) };
    expect(condition(model, one)?.predict(0).mean).toBeCloseTo(3, 9);
    const silent = { ...model, noise: { noiseSd: 0, driftSd: 0, driftRows: 1 } };
    const equal = { arms: Int32Array.of(0, 0), values: Float64Array.of(3, 3) };
    expect(condition(silent, equal)?.predict(0).mean).toBeCloseTo(3, 6);
  });
});

test('a drift that repetitions of the default show corrects the other arms', () => {
  // The host slows by 0.3 halfway; arm 4 is measured before, arm 5 after, both as the default.
  const order = [0, 4, 0, 0, 5, 0];
  const drift = [0, 0, 0, -0.3, -0.3, -0.3];
  const seen = {
    arms: Int32Array.from(order),
    values: Float64Array.from(drift, (value) => 3 + value),
  };
  const flat = groupEffects(grouped, []);
  const base: Model = {
    space: grouped,
    effects: flat,
    level: 3,
    kernel: createKernel(grouped, flat, { parameters, coupled: null }),
    noise: { noiseSd: 0.02, driftSd: 0.3, driftRows: 5 },
  };
  const gap = (driftSd: number): number => {
    const process = condition({ ...base, noise: { ...base.noise, driftSd } }, seen);
    return Math.abs((process?.mean(4) ?? 0) - (process?.mean(5) ?? 0));
  };
  expect(gap(0.3)).toBeLessThan(0.05);
  expect(gap(0.001)).toBeGreaterThan(0.15);
});
