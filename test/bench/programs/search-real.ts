import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { systemFiles } from '../../../engine/devices/system-files.ts';
import type { Estimate } from '../../../engine/base/statistics.ts';
import { RESNET18, writeExportedResnet } from '../../../suites/models/exported-resnet.ts';
import type { CompletedTrial, TrialRecord } from '../../../suites/trial-record.ts';
import { artifactOf } from '../../../suites/workload-record.ts';
import type { RunRecord } from '../../../tuner/run-record.ts';
import { openSqliteStore } from '../../../tuner/store/sqlite-store.ts';
import { report } from '../aim.ts';
import { raceArms, type RacedArm, type RaceOptions } from './race-arms.ts';

const LAUNCHER = join(import.meta.dirname, '..', '..', '..', 'bin', 'claw.js');

/** A space of some 400 arms: what differs little is left out. */
const SPACE = [
  ['--only', 'passes=none,clean'],
  ['--only', 'graphLevel=basic,extended,all'],
  ['--only', 'batch.maxSize=1,2,4,8,16,32'],
  ['--only', 'arena=true,false'],
  ['--set', 'memPattern=true'],
].flat();

/** One measurement of hundreds is lucky: so many of the best are measured again, to pick one. */
const FINALISTS = 5;
const PICKING_ROUNDS = 6;
/** The pick and what ships are measured afresh: the rounds that picked flatter the pick. */
const COMPARING_ROUNDS = 12;

export interface RealSearch {
  /** A suite, an ONNX file, or `resnet18`: an exported ResNet-18 at 128 pixels. */
  readonly target: string;
  /** Where the exhaustive run is kept as a table for `claw replay`. */
  readonly record: string | undefined;
}

/**
 * What the bandit ships after three minutes, against the best of an exhaustive run of
 * the same space: both measured again, interleaved. Takes about 25 minutes.
 */
export async function realSearch({ target: named, record }: RealSearch): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'claw-search-'));
  try {
    const target = await prepareTarget(named, folder);
    console.log(`${named}: every arm of the space, once`);
    const exhaustive = ['--searcher', 'grid', '--trials', '100000'];
    if (record !== undefined) exhaustive.push('--record', resolve(record));
    const all = await tune(target, join(folder, 'all'), exhaustive);
    console.log(`${named}: the bandit, three minutes`);
    // In a store of its own: what the exhaustive run found would be its prior.
    const found = await tune(target, join(folder, 'bandit'), ['--budget', '3m']);
    const finalists = all.trials
      .sort((a, b) => b.metrics.qps - a.metrics.qps)
      .slice(0, FINALISTS)
      .map((trial) => toRaced(all.run, trial));
    const { outcome } = found.run;
    if (outcome === null || outcome.kind === 'nothing-feasible') throw new Error('nothing shipped');
    const { signal } = new AbortController();
    const race = { datasetFolder: all.run.workload.dataset, trialMs: 1000, signal };
    const picked = await raceArms(finalists, { ...race, rounds: PICKING_ROUNDS });
    for (const { name, qps } of picked) console.log(`  ${name}: ${qps.toFixed(0)} samples/s`);
    const best = finalists[indexOfMost(picked.map(({ qps }) => qps))] as RacedArm;
    const shipped = toRaced(found.run, outcome.shipped);
    const share = await shareOf(shipped, best, { ...race, rounds: COMPARING_ROUNDS });
    report(`${named}: what ships after 3 minutes, of ${all.trials.length} arms`, {
      value: 100 * share.value,
      unit: `% of the best arm of the exhaustive run [${(100 * share.low).toFixed(1)}, ${(100 * share.high).toFixed(1)}]`,
      aim: 'at least 95',
      met: share.value >= 0.95,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function prepareTarget(named: string, folder: string): Promise<string> {
  if (named !== RESNET18.name) return named;
  const path = join(folder, `${named}.onnx`);
  await writeExportedResnet(path, RESNET18);
  return path;
}

function toRaced(
  run: RunRecord,
  { armKey, config }: Pick<TrialRecord, 'armKey' | 'config'>,
): RacedArm {
  return { name: armKey, modelPath: artifactOf(run.workload, config).path, config };
}

function indexOfMost(values: readonly number[]): number {
  return values.indexOf(Math.max(...values));
}

/** Throughput of one arm over that of another, with its interval. */
async function shareOf(one: RacedArm, other: RacedArm, options: RaceOptions): Promise<Estimate> {
  if (one.name === other.name) return { value: 1, low: 1, high: 1 };
  const [, raced] = await raceArms([other, one], options);
  if (raced === undefined) throw new Error('nothing was raced');
  return raced.ratio;
}

interface TunedRun {
  readonly run: RunRecord;
  /** The completed trials of its search. */
  readonly trials: CompletedTrial[];
}

/** Runs `claw tune` in a folder of its own. */
async function tune(target: string, folder: string, options: readonly string[]): Promise<TunedRun> {
  await mkdir(folder);
  const args = ['tune', target, '--json', '--duration', '300ms', ...SPACE, ...options];
  const child = spawn(process.execPath, [LAUNCHER, ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  await once(child, 'close');
  const { run: id } = JSON.parse(stdout) as { run: string };
  const store = await openSqliteStore(join(folder, '.claw', 'store.sqlite'), systemFiles());
  const run = await store.findRun(id);
  const trials = (await store.listTrials(id)).filter(
    (trial): trial is CompletedTrial =>
      trial.state === 'completed' && trial.purpose.kind === 'search',
  );
  await store.close();
  if (run === null) throw new Error(`${id} is not in the store`);
  return { run, trials };
}
