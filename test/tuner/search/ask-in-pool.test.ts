import { expect, test } from 'vitest';
import { openPooledSearcher } from '../../../tuner/search/ask-in-pool.ts';
import { findSearcher } from '../../../tuner/search/registry.ts';
import type { Observation, SearchProblem } from '../../../tuner/search/searcher.ts';
import { defaultSpace } from '../../../tuner/space.ts';
import { noisyThroughput } from '../../support/fake-trials.ts';

test('a searcher in a thread answers as it does here', async () => {
  const space = defaultSpace(2, { batch: 'free', passes: ['none'] });
  const throughput = noisyThroughput(1, 0.03);
  const latencyMs = { p50: 1, p90: 1, p95: 1, p99: 1 };
  const records = space.arms.slice(0, 12).map((arm): Observation => ({
    state: 'completed',
    armKey: arm.key,
    costMs: 1000,
    score: throughput(arm),
    figures: { latencyMs, memoryBytes: 1e8 },
  }));
  const fixed = { space, sought: 'throughput', constraints: [], priors: [], seed: 1 } as const;
  const task = { records, budget: { spent: 12, total: 20 } };
  const problem: SearchProblem = { ...fixed, ...task };
  const pooled = openPooledSearcher({ searcher: 'bandit', problem: fixed });
  try {
    const here = findSearcher('bandit');
    expect(await pooled.ask(task)).toEqual(here?.ask(problem));
    expect(await pooled.recommend(task)).toEqual(here?.recommend(problem));
  } finally {
    await pooled.close();
    await pooled.close();
  }
});

test('what an arm carries beyond its values does not go to the thread', async () => {
  const space = defaultSpace(2, { batch: 'free', passes: ['none'] });
  // A function cannot be copied to a thread.
  const carrying = <T extends object>(arm: T): T => Object.assign({ open: () => arm }, arm);
  const loaded = {
    ...space,
    arms: space.arms.map(carrying),
    defaultArm: carrying(space.defaultArm),
  };
  const problem = {
    space: loaded,
    sought: 'throughput',
    constraints: [],
    priors: [],
    seed: 1,
  } as const;
  const pooled = openPooledSearcher({ searcher: 'random', problem });
  try {
    const task = { records: [], budget: { spent: 0, total: 20 } };
    expect(await pooled.ask(task)).toEqual(findSearcher('random')?.ask({ ...problem, ...task }));
  } finally {
    await pooled.close();
  }
});
