import { describe, expect, test } from 'vitest';
import { summarizeReplay } from '../../../tuner/replay/replay-result.ts';
import {
  bestFeasibleScore,
  replayRun,
  type ReplaySetting,
} from '../../../tuner/replay/replay-run.ts';
import { createTable, toPrior } from '../../../tuner/replay/replay-table.ts';
import { gridSearcher } from '../../../tuner/search/grid-searcher.ts';
import type { Searcher } from '../../../tuner/search/searcher.ts';
import { smallTable, tableRow } from '../../support/replay-tables.ts';

const table = createTable('small', smallTable());
const setting: ReplaySetting = {
  constraints: [],
  priors: [],
  budget: { trials: 20 },
  noise: 0,
};

describe('a replay', () => {
  test('without noise recommends the best arm of the grid, at no regret', () => {
    const run = replayRun(table, gridSearcher, { ...setting, seed: 1 });
    // 8 arms of 1 s each; the best is 2 replicas, batch 8, arena: 300.
    expect(run).toMatchObject({ regret: 0, violated: false, evaluations: 8, seconds: 8 });
    expect(run.arm).toMatchObject({ replicas: 2, batch: 8, arena: true });
    // The default first: 1 - 100 / 300; the grid comes to 150, 200 and 300 next.
    expect(run.regrets.map((regret) => Math.round(regret * 300))).toEqual([
      200, 150, 100, 0, 0, 0, 0, 0,
    ]);
  });

  test('measures regret against the best arm that truly meets the constraints', () => {
    const constraints = [{ kind: 'latency', percentile: 'p99', limitMs: 20 }] as const;
    // Batch 8 takes 1.2 x 53 ms: 2 replicas at batch 1 are the best of the rest.
    expect(bestFeasibleScore(table, constraints)).toBe(200);
    const run = replayRun(table, gridSearcher, { ...setting, constraints, seed: 1 });
    expect(run).toMatchObject({ regret: 0, violated: false });
  });

  test('notices that an arm that ships breaks a constraint', () => {
    const constraints = [{ kind: 'memory', limitBytes: 60 * 2 ** 20 }] as const;
    const careless: Searcher = {
      ...gridSearcher,
      recommend: (problem) => gridSearcher.recommend({ ...problem, constraints: [] }),
    };
    expect(replayRun(table, careless, { ...setting, constraints, seed: 1 }).violated).toBe(true);
  });

  test('draws one of the rows, times lognormal noise of the given size', () => {
    const rows = [tableRow({ qps: 100 }), tableRow({ qps: 200 })];
    const seen: number[] = [];
    const repeat: Searcher = {
      name: 'repeat',
      ask: ({ records, space }) => {
        const last = records.at(-1);
        if (last?.state === 'completed') seen.push(last.score);
        return { kind: 'measure', armKey: space.defaultArm.key, repetitions: 1 };
      },
      recommend: (problem) => gridSearcher.recommend(problem),
    };
    const trials = { ...setting, budget: { trials: 2001 }, noise: 0.03, seed: 3 };
    replayRun(createTable('two', rows), repeat, trials);
    const logs = seen.map((score) => Math.log(score / (score < 141 ? 100 : 200)));
    const sd = Math.sqrt(logs.reduce((sum, log) => sum + log ** 2, 0) / logs.length);
    // The standard error of an sd over 2,000 draws is 1.6 % of it.
    expect(sd).toBeGreaterThan(0.0285);
    expect(sd).toBeLessThan(0.0315);
    expect(seen.filter((score) => score < 141).length / seen.length).toBeCloseTo(0.5, 1);
  });

  test('ends when its seconds are spent', () => {
    const run = replayRun(table, gridSearcher, { ...setting, budget: { seconds: 4.5 }, seed: 1 });
    expect(run).toMatchObject({ evaluations: 5, seconds: 5 });
  });

  test('is the same for the same seed', () => {
    const noisy = { ...setting, noise: 0.1, seed: 4 };
    expect(replayRun(table, gridSearcher, noisy)).toEqual(replayRun(table, gridSearcher, noisy));
  });

  test('ships nothing when every row failed', () => {
    const { qps: _, ...columns } = tableRow() as { qps: number };
    const broken = createTable('broken', [{ ...columns, failed: true } as never]);
    const run = replayRun(broken, gridSearcher, { ...setting, seed: 1 });
    expect(run).toMatchObject({ arm: null, violated: false, evaluations: 2 });
  });
});

test('replays of several seeds in one result: medians by hand', () => {
  const runs = [0, 0.1, 0.4].map((regret, index) => ({
    ...replayRun(table, gridSearcher, { ...setting, seed: 1 }),
    seed: index + 1,
    regret,
    violated: regret === 0.4,
    regrets: [1, regret],
  }));
  const result = summarizeReplay({ table: 'small', searcher: 'grid', trials: 20 }, runs);
  expect(result).toMatchObject({ medianRegret: 0.1, violations: 1, trials: 20 });
  // Type 7: 0.9 x 2 = 1.8 of the way: 0.1 + 0.8 x 0.3.
  expect(result.p90Regret).toBeCloseTo(0.34, 12);
  // Eight evaluations; a search that ended after two keeps its last.
  expect(result.curve.map((point) => point.medianRegret)).toEqual([
    1,
    ...Array<number>(7).fill(0.1),
  ]);
  expect(result.seeds[0]).not.toHaveProperty('regrets');
});

test('a table is a prior by the values of its arms', () => {
  const { hostKey, scores } = toPrior(table);
  expect(hostKey).toBe('small');
  expect(scores.find(({ arm }) => arm.key === 'fp32 2 1 8 all false true')?.score).toBe(300);
});
