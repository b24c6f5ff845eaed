import { workerData } from 'node:worker_threads';
import { findSearcher } from '../search/registry.ts';
import type { ReplayTable } from './replay-table.ts';
import { replayRun, type ReplayRun, type ReplaySetting } from './replay-run.ts';

/** What all seeds of a pool share. */
export interface ReplayJob {
  readonly table: ReplayTable;
  readonly searcher: string;
  readonly setting: ReplaySetting;
}

const { table, searcher, setting } = workerData as ReplayJob;

export function replaySeed(seed: number): ReplayRun {
  const found = findSearcher(searcher);
  if (found === undefined) throw new Error(`no searcher is called ${searcher}`);
  return replayRun(table, found, { ...setting, seed });
}
