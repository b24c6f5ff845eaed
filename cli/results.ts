import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../engine/base/files.ts';
import { formatCount, formatNumber } from '../engine/base/units.ts';
import type { EngineConfig } from '../engine/runtime/engine-config.ts';
import { renderRunReport } from '../reports/run-report.ts';
import type { TrialRecord } from '../suites/trial-record.ts';
import { artifactOf } from '../suites/workload-record.ts';
import { artifactPath, createTuned } from '../tuner/export/tuned.ts';
import type { RunRecord } from '../tuner/run-record.ts';
import type { Store } from '../tuner/store/store.ts';
import { openSqliteStore } from '../tuner/store/sqlite-store.ts';
import { machine } from './measuring.ts';
import { storePaths } from './store-folder.ts';

export function openStore(storeFolder: string): Promise<Store> {
  return openSqliteStore(storePaths(storeFolder).database, machine.files);
}

export interface WrittenResults {
  readonly report: string;
  /** Null when nothing ships. */
  readonly tuned: string | null;
}

/** Writes the report and, when something ships, tuned.json; each is whole or absent. */
export async function writeResults(
  run: RunRecord,
  trials: readonly TrialRecord[],
  storeFolder: string,
): Promise<WrittenResults> {
  const folder = storePaths(storeFolder).runFolder(run.id);
  const report = join(folder, 'report.html');
  await writeFileAtomic(report, await renderRunReport({ run, trials }));
  const tuned = join(folder, 'tuned.json');
  const content = createTuned(run, tuned);
  if (content === null) return { report, tuned: null };
  const artifact = artifactPath(run, tuned);
  if (artifact !== run.workload.model.path) {
    const { path } = artifactOf(run.workload, content.config);
    await writeFileAtomic(artifact, await readFile(path));
  }
  await writeFileAtomic(tuned, `${JSON.stringify(content, null, 2)}\n`);
  return { report, tuned };
}

/** `2 replicas x 1 thread, batch 8, level all, sleeping threads`: what is worth saying. */
export function describeConfig(config: EngineConfig): string {
  const { replicas, isolation, batch } = config;
  return [
    `${formatCount(replicas, 'replica')} x ${formatCount(config.intraOpThreads, 'thread')}`,
    ...(isolation === (replicas === 1 ? 'inline' : 'thread') ? [] : [`isolation ${isolation}`]),
    `batch ${batch.maxSize}`,
    ...(batch.maxDelayMs === 0 ? [] : [`delay up to ${formatNumber(batch.maxDelayMs)} ms`]),
    `level ${config.graphLevel}`,
    ...(config.precision === 'fp32' ? [] : [config.precision]),
    ...(config.passes === 'none' || config.precision !== 'fp32' ? [] : [`passes ${config.passes}`]),
    ...(config.intraOpThreads > 1 ? [config.spinning ? 'spinning' : 'no spinning'] : []),
    ...(config.arena ? [] : ['no arena']),
    ...(config.memPattern ? [] : ['no memory pattern']),
  ].join(', ');
}
