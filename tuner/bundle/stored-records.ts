import { UserError } from '../../engine/base/errors.ts';
import type { BenchRecord } from '../../suites/bench-record.ts';
import type { RunRecord } from '../run-record.ts';
import type { Store } from '../store/store.ts';
import type { BundledBench, BundledRun } from './bundle-manifest.ts';

/** A run of a store with all that belongs to it. Throws UserError for one that may still grow. */
export async function bundledRun(store: Store, run: RunRecord): Promise<BundledRun> {
  if (run.state === 'running') {
    throw new UserError(`run ${run.id} is still running, or was killed`, {
      remedy: `let it end, or go on with: claw tune --resume=${run.id}`,
    });
  }
  const trials = await store.listTrials(run.id);
  const samples: (Float64Array | null)[] = [];
  for (const trial of trials) samples.push(await store.findSamples(trial.id));
  return { run, trials, samples };
}

/** A bench of a store with its samples. */
export async function bundledBench(store: Store, bench: BenchRecord): Promise<BundledBench> {
  const samples: (Float64Array | null)[] = [];
  for (const trial of bench.trials) samples.push(await store.findSamples(trial.id));
  return { bench, samples };
}
