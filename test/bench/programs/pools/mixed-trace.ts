import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { median } from '../../../../engine/base/statistics.ts';
import { report } from '../../aim.ts';
import type { TraceFigures, TraceMemory } from './trace-process.ts';

/** Each round runs both kinds, in alternating order, each in a process of its own. */
const ROUNDS = 5;

/**
 * What pools save on a mixed trace of 10,000 inferences over 12 shapes up to
 * 600 KB, against fresh Float32Arrays on the same path. Prints the figures
 * beside their aims; a missed one makes the process exit with 1.
 */
export async function measurePools(): Promise<void> {
  const pools: TraceFigures[] = [];
  const fresh: TraceFigures[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const order: TraceMemory[] = round % 2 === 0 ? ['pools', 'fresh'] : ['fresh', 'pools'];
    for (const memory of order) {
      (memory === 'pools' ? pools : fresh).push(await runTrace(memory));
    }
  }
  reportCollection(pools, fresh);
  reportReuse(pools);
}

async function runTrace(memory: TraceMemory): Promise<TraceFigures> {
  const program = fileURLToPath(new URL('trace-process.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [program, memory]);
  return JSON.parse(stdout) as TraceFigures;
}

function reportCollection(pools: readonly TraceFigures[], fresh: readonly TraceFigures[]): void {
  const describe = (figures: readonly TraceFigures[]): string => {
    const gcMs = median(figures.map((one) => one.gcMs)).toFixed(1);
    return `${gcMs} ms in ${median(figures.map((one) => one.collections))} collections`;
  };
  console.log(`garbage collection, fresh arrays: ${describe(fresh)}; pools: ${describe(pools)}`);
  const saved = median(pools.map((one, round) => 1 - one.gcMs / (fresh[round]?.gcMs ?? 0)));
  report('pools, time in garbage collection saved', {
    value: 100 * saved,
    unit: '%',
    aim: 'at least 75',
    met: saved >= 0.75,
  });
}

/** The worst of the rounds: reuse does not depend on the machine's noise, only on the order. */
function reportReuse(pools: readonly TraceFigures[]): void {
  const hitRate = Math.min(...pools.map((one) => one.hits / (one.hits + one.misses)));
  report('pools, takes served without an allocation', {
    value: 100 * hitRate,
    unit: '%',
    aim: 'at least 95',
    met: hitRate >= 0.95,
  });
  const held = Math.max(...pools.map((one) => one.peakHeldBytes / one.peakLiveBytes));
  report('pools, most bytes held over most bytes live', {
    value: held,
    unit: '',
    aim: 'at most 1.25',
    met: held <= 1.25,
  });
}
