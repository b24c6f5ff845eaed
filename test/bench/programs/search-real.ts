import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemFiles } from '../../../engine/devices/system-files.ts';
import type { CompletedTrial } from '../../../suites/trial-record.ts';
import { artifactOf } from '../../../suites/workload-record.ts';
import type { RunRecord } from '../../../tuner/run-record.ts';
import { openSqliteStore } from '../../../tuner/store/sqlite-store.ts';
import { report } from '../aim.ts';
import { raceArms, type RacedArm } from './race-arms.ts';

const LAUNCHER = join(import.meta.dirname, '..', '..', '..', 'bin', 'claw.js');

/** A space of some 400 arms: what differs little is left out. */
const SPACE = [
  ['--only', 'passes=none,clean'],
  ['--only', 'graphLevel=basic,extended,all'],
  ['--only', 'batch.maxSize=1,2,4,8,16,32'],
  ['--only', 'arena=true,false'],
  ['--set', 'memPattern=true'],
].flat();

/** One measurement of hundreds is lucky: so many of the best are measured again. */
const FINALISTS = 5;
const ROUNDS = 8;

/**
 * What the bandit ships after three minutes, against the best of an exhaustive run of
 * the same space: both measured again, interleaved. Takes about 20 minutes.
 */
export async function realSearch(target: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'claw-search-'));
  try {
    console.log(`${target}: every arm of the space, once`);
    const all = await tune(target, folder, ['--searcher', 'grid', '--trials', '100000']);
    console.log(`${target}: the bandit, three minutes`);
    const found = await tune(target, folder, ['--budget', '3m']);
    const store = await openSqliteStore(join(folder, '.claw', 'store.sqlite'), systemFiles());
    const trials = (await store.listTrials(all.id)).filter(
      (trial): trial is CompletedTrial =>
        trial.state === 'completed' && trial.purpose.kind === 'search',
    );
    await store.close();
    const best = trials.sort((a, b) => b.metrics.qps - a.metrics.qps).slice(0, FINALISTS);
    const shipped = found.outcome;
    if (shipped === null || shipped.kind === 'nothing-feasible') throw new Error('nothing shipped');
    const arms: RacedArm[] = [shipped.shipped, ...best].map(({ armKey, config }) => ({
      name: armKey,
      modelPath: artifactOf(all.workload, config).path,
      config,
    }));
    const { signal } = new AbortController();
    const { dataset: datasetFolder } = all.workload;
    const raced = await raceArms(arms, { datasetFolder, rounds: ROUNDS, trialMs: 1000, signal });
    for (const { name, qps } of raced) console.log(`  ${name}: ${qps.toFixed(0)} samples/s`);
    const [own, ...others] = raced.map(({ qps }) => qps);
    const share = (own ?? 0) / Math.max(own ?? 0, ...others);
    report(`${target}: what ships after 3 minutes, of ${trials.length} arms`, {
      value: 100 * share,
      unit: '% of the best arm of the exhaustive run',
      aim: 'at least 95',
      met: share >= 0.95,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs `claw tune` in the folder and returns its record. */
async function tune(
  target: string,
  folder: string,
  options: readonly string[],
): Promise<RunRecord> {
  const args = ['tune', target, '--json', '--duration', '300ms', ...SPACE, ...options];
  const child = spawn(process.execPath, [LAUNCHER, ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  await new Promise((resolve) => child.once('close', resolve));
  const { run } = JSON.parse(stdout) as { run: string };
  const store = await openSqliteStore(join(folder, '.claw', 'store.sqlite'), systemFiles());
  const record = await store.findRun(run);
  await store.close();
  if (record === null) throw new Error(`${run} is not in the store`);
  return record;
}
