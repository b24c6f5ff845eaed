import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readTable } from '../../../tuner/replay/read-table.ts';
import { summarizeReplay, type ReplayResult } from '../../../tuner/replay/replay-result.ts';
import type { ReplaySetting } from '../../../tuner/replay/replay-run.ts';
import { replaySeeds } from '../../../tuner/replay/replay-seeds.ts';
import type { ReplayTable } from '../../../tuner/replay/replay-table.ts';
import { report } from '../aim.ts';

export const SEEDS = 20;
const NOISE = 0.03;

export async function readTables(folder: string): Promise<ReplayTable[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.jsonl')).sort();
  return Promise.all(names.map((name) => readTable(join(folder, name))));
}

/** Many seeds of one search of one table. */
export async function searchTable(
  table: ReplayTable,
  options: Partial<Omit<ReplaySetting, 'budget'>> & {
    readonly trials: number;
    readonly searcher?: string;
    readonly seeds?: number;
  },
): Promise<ReplayResult> {
  const { trials, searcher = 'bandit', seeds = SEEDS, ...changes } = options;
  const setting = {
    constraints: [],
    priors: [],
    noise: NOISE,
    budget: { trials },
    ...changes,
    curve: false,
  };
  const { signal } = new AbortController();
  const runs = await replaySeeds({ table, searcher, setting }, { seeds, signal });
  return summarizeReplay({ table: table.name, searcher, trials }, runs);
}

/** Median and p90 in % beside what they should be. */
export function reportRegret(
  what: string,
  result: ReplayResult,
  aims: { readonly median: number; readonly p90?: number },
): void {
  const median = 100 * result.medianRegret;
  const p90 = 100 * result.p90Regret;
  report(what, {
    value: median,
    unit: `% off at the median, ${p90.toFixed(1)} at p90`,
    aim: `at most ${aims.median}${aims.p90 === undefined ? '' : ` / ${aims.p90}`}`,
    met: median <= aims.median && p90 <= (aims.p90 ?? Infinity),
  });
}
