import { describe, expect, test } from 'vitest';
import {
  chebyshevScore,
  needsPower,
  paretoFront,
  scoreOf,
  type Goal,
  type SoughtFigures,
} from '../../tuner/objective.ts';

const measured: SoughtFigures['energy'] = {
  state: 'measured',
  value: 0.05,
  netValue: null,
  watts: 50,
  idleWatts: null,
  source: 'meter',
  scope: 'wall',
  quality: 'good',
  coverage: 1,
  notes: [],
};
const figures: SoughtFigures = { qps: 1000, p99Ms: 4, memoryBytes: 1e8, energy: measured };
const unknown: SoughtFigures = {
  ...figures,
  energy: { state: 'unavailable', reason: 'no sensor' },
};

function goal(changes: Partial<Goal>): Goal {
  return { objective: 'qps', pick: 'knee', prices: null, ...changes };
}

describe('a score is higher where it is better', () => {
  test('throughput, latency and joules', () => {
    expect(scoreOf(figures, goal({}))).toBe(1000);
    expect(scoreOf(figures, goal({ objective: 'latency' }))).toBe(250);
    expect(scoreOf(figures, goal({ objective: 'energy' }))).toBe(20);
    expect(scoreOf(unknown, goal({ objective: 'energy' }))).toBeNull();
  });

  test('money: the machine over its life, and the energy, by hand', () => {
    // 3,155.76 over one year of 31,557,600 s is 1e-4 a second; at 1,000 a second 1e-7 each.
    const prices = { perKwh: null, capex: 3155.76, lifeYears: 1 };
    const machine = scoreOf(figures, goal({ objective: 'cost', prices })) ?? 0;
    expect(1 / machine).toBeCloseTo(1e-7, 12);
    // 0.05 J at 0.36 for 3.6 MJ are 5e-9.
    const both = goal({ objective: 'cost', prices: { ...prices, perKwh: 0.36 } });
    expect(1 / (scoreOf(figures, both) ?? 0)).toBeCloseTo(1.05e-7, 12);
    expect(scoreOf(unknown, both)).toBeNull();
  });

  test('of a front: one end, or the product', () => {
    const pareto = (pick: Goal['pick']): number | null =>
      scoreOf(figures, goal({ objective: 'pareto', pick }));
    expect(pareto('throughput')).toBe(1000);
    expect(pareto('memory')).toBe(1e-8);
    expect(pareto('energy')).toBe(20);
    expect(pareto('knee')).toBeCloseTo(1000 * 1e-8 * 20, 12);
  });

  test.each([
    [{ objective: 'energy' }, true],
    [{ objective: 'cost', prices: { perKwh: 0.3, capex: null, lifeYears: 3 } }, true],
    [{ objective: 'cost', prices: { perKwh: null, capex: 100, lifeYears: 3 } }, false],
    [{ objective: 'pareto', pick: 'energy' }, true],
    [{ objective: 'pareto' }, false],
    [{}, false],
  ] as const)('%j needs power: %s', (changes, needs) => {
    expect(needsPower(goal(changes))).toBe(needs);
  });
});

test('other weights prefer other arms of a front', () => {
  const fast = { ...unknown, qps: 2000, memoryBytes: 2e8 };
  const small = { ...unknown, qps: 500, memoryBytes: 0.5e8 };
  const score = (one: SoughtFigures, weights: number[]): number =>
    chebyshevScore(one, unknown, weights);
  expect(score(fast, [0.9, 0.1])).toBeGreaterThan(score(small, [0.9, 0.1]));
  expect(score(fast, [0.1, 0.9])).toBeLessThan(score(small, [0.1, 0.9]));
  // Whatever the weights, an arm that is better in everything is preferred.
  const better = { ...unknown, qps: 1100, memoryBytes: 0.9e8 };
  for (const weight of [0, 0.3, 0.5, 1]) {
    const weights = [weight, 1 - weight];
    expect(score(better, weights)).toBeGreaterThan(score(unknown, weights));
  }
});

test('a front is what nothing beats; of equal arms the first stays', () => {
  const arms = [
    [3, 1],
    [1, 3],
    [2, 2],
    [1, 1],
    [2, 2],
    [3, 0],
  ];
  expect(paretoFront(arms, (arm) => arm)).toEqual([arms[0], arms[1], arms[2]]);
});
