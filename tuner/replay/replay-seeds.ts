import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import { siblingModule } from '../../engine/base/sibling-module.ts';
import type { ReplayRun } from './replay-run.ts';
import type { ReplayJob } from './replay-worker.ts';

/** Replays seeds 1, 2, ... in worker threads, as many as there are cores. */
export async function replaySeeds(
  job: ReplayJob,
  options: { readonly seeds: number; readonly signal: AbortSignal; readonly onSeed?: () => void },
): Promise<ReplayRun[]> {
  const threads = Math.min(options.seeds, availableParallelism());
  const pool = new Piscina({
    filename: siblingModule(import.meta.url, './replay-worker').href,
    minThreads: threads,
    maxThreads: threads,
    concurrentTasksPerWorker: 1,
    workerData: job,
    recordTiming: false,
  });
  try {
    return await Promise.all(
      Array.from({ length: options.seeds }, async (_, index) => {
        const task = { name: 'replaySeed', signal: options.signal };
        const run = (await pool.run(index + 1, task)) as ReplayRun;
        options.onSeed?.();
        return run;
      }),
    );
  } finally {
    await pool.destroy();
  }
}
