import { createTable, type ReplayTable } from '../../../tuner/replay/replay-table.ts';
import { findSearcher } from '../../../tuner/search/registry.ts';
import type { Observation, SearchProblem } from '../../../tuner/search/searcher.ts';
import { LARGE_HOSTS, SMALL_HOSTS, syntheticRows } from '../../support/synthetic-hosts.ts';
import { report } from '../aim.ts';
import { reportRegret, searchTable } from './search-runs.ts';

/** Shapes that general knowledge gets wrong. */
export async function smallHosts(): Promise<void> {
  for (const host of SMALL_HOSTS) {
    const table = createTable(host.name, syntheticRows(host, 1));
    const result = await searchTable(table, { trials: 20 });
    reportRegret(`synthetic 2 cores, ${host.name}, 20 evaluations`, result, { median: 3 });
  }
}

export async function largeHosts(): Promise<void> {
  for (const host of LARGE_HOSTS) {
    const table = createTable(host.name, syntheticRows(host, 1));
    const result = await searchTable(table, { trials: 60, seeds: 6 });
    const what = `synthetic ${host.name}, ${table.arms.size} arms, 60 evaluations`;
    reportRegret(what, result, { median: 3 });
  }
}

/** How many of 100 searches of a table in which every arm is the default ship another. */
export async function equalArms(): Promise<number> {
  const [usual] = SMALL_HOSTS;
  if (usual === undefined) throw new Error('there is no synthetic host');
  const rows = syntheticRows(usual, 1).map((row) => ({
    ...row,
    qps: 100,
    p50_ms: 10,
    p99_ms: 12,
    mem_mib: 50,
    cost_s: 1,
    failed: false as const,
  }));
  const table = createTable('equal', rows);
  const { seeds } = await searchTable(table, { trials: 20, seeds: 100 });
  const standard = JSON.stringify(table.arms.get(table.space.defaultArm.key)?.columns);
  return seeds.filter(({ arm }) => JSON.stringify(arm) !== standard).length;
}

/** What a decision takes: the median of a few, after 200 observations. */
export async function decisionTimes(): Promise<void> {
  const [, host] = LARGE_HOSTS;
  if (host === undefined) throw new Error('there is no large host');
  const all = createTable(host.name, syntheticRows(host, 1));
  for (const [arms, aimMs] of [
    [2000, 100],
    [20_000, 1000],
  ] as const) {
    const ms = timeDecision(all, arms);
    const what = `a decision over ${arms} arms after 200 observations`;
    report(what, { value: ms, unit: 'ms', aim: `about ${aimMs}`, met: ms <= 1.5 * aimMs });
  }
}

function timeDecision(table: ReplayTable, count: number): number {
  const { space } = table;
  const others = space.arms.filter((arm) => arm !== space.defaultArm);
  const stride = Math.max(1, Math.floor(others.length / count));
  const arms = [space.defaultArm, ...others.filter((_, index) => index % stride === 0)];
  const used = { ...space, arms: arms.slice(0, count) };
  const searcher = findSearcher('bandit');
  const records: Observation[] = [];
  const problem = (): SearchProblem => ({
    space: used,
    sought: 'throughput',
    constraints: [],
    priors: [],
    seed: 1,
    records,
    budget: { spent: records.length, total: 500 },
  });
  for (let i = 0; i < 200; i += 1) {
    // The first arms are the searcher's own, the rest from all over the space.
    const ask = i < 20 ? searcher?.ask(problem()) : undefined;
    const spread = used.arms[(i * 7) % 1400]?.key;
    const armKey = ask?.kind === 'measure' ? ask.armKey : (spread ?? space.defaultArm.key);
    const truth = table.arms.get(armKey)?.truth;
    if (truth === undefined || truth === null) throw new Error(`${armKey} has no truth`);
    records.push({ state: 'completed', armKey, costMs: 1000, ...truth });
  }
  const times = Array.from({ length: 5 }, () => {
    const startedMs = performance.now();
    searcher?.ask(problem());
    return performance.now() - startedMs;
  });
  return times.toSorted((a, b) => a - b)[2] ?? NaN;
}
