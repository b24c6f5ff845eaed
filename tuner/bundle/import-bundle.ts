import { isDeepStrictEqual } from 'node:util';
import { UserError } from '../../engine/base/errors.ts';
import type { Store } from '../store/store.ts';
import type { BundledBench, BundledRun, BundleRecords } from './bundle-manifest.ts';

/** What became of each record of a bundle. */
export interface Imported {
  readonly kind: 'run' | 'bench';
  readonly id: string;
  readonly state: 'added' | 'already-there';
}

/**
 * Adds the records of a bundle to a store. What is there already stays as it is: the same
 * run with the same content is fine, one of that name with other content is refused with
 * UserError before anything is written. An import that was killed goes on where it stopped.
 */
export async function importBundle(store: Store, records: BundleRecords): Promise<Imported[]> {
  const missing: MissingTrials[] = [];
  for (const bundled of records.runs) missing.push(await missingTrials(store, bundled));
  const newBenches = new Set<string>();
  for (const bundled of records.benches) {
    if (await isNewBench(store, bundled)) newBenches.add(bundled.bench.id);
  }
  const imported: Imported[] = [];
  for (const one of missing) imported.push(await addRun(store, one));
  for (const { bench, samples } of records.benches) {
    const isNew = newBenches.has(bench.id);
    if (isNew) await store.saveBench(bench, samples);
    imported.push({ kind: 'bench', id: bench.id, state: isNew ? 'added' : 'already-there' });
  }
  return imported;
}

interface MissingTrials {
  readonly bundled: BundledRun;
  readonly hasRun: boolean;
  /** Positions of the trials that the store lacks. */
  readonly positions: readonly number[];
}

/** The run is there with a part of the trials where an import was killed. */
async function missingTrials(store: Store, bundled: BundledRun): Promise<MissingTrials> {
  const { run, trials } = bundled;
  const found = await store.findRun(run.id);
  if (found === null) return { bundled, hasRun: false, positions: [...trials.keys()] };
  const own = new Map((await store.listTrials(run.id)).map((trial) => [trial.id, trial]));
  const isSame =
    isDeepStrictEqual(found, run) &&
    trials.every((trial) => isDeepStrictEqual(own.get(trial.id) ?? trial, trial)) &&
    [...own.keys()].every((id) => trials.some((trial) => trial.id === id));
  if (!isSame) throw different(store, 'run', run.id);
  const positions = trials.flatMap((trial, position) => (own.has(trial.id) ? [] : [position]));
  return { bundled, hasRun: true, positions };
}

async function addRun(
  store: Store,
  { bundled, hasRun, positions }: MissingTrials,
): Promise<Imported> {
  const { run, trials, samples } = bundled;
  if (!hasRun) await store.saveRun(run);
  for (const position of positions) {
    const trial = trials[position];
    if (trial !== undefined) await store.addTrial(trial, samples[position] ?? null);
  }
  const isNew = !hasRun || positions.length > 0;
  return { kind: 'run', id: run.id, state: isNew ? 'added' : 'already-there' };
}

async function isNewBench(store: Store, { bench }: BundledBench): Promise<boolean> {
  const found = await store.findBench(bench.id);
  if (found !== null && !isDeepStrictEqual(found, bench)) throw different(store, 'bench', bench.id);
  return found === null;
}

function different(store: Store, kind: 'run' | 'bench', id: string): UserError {
  return new UserError(
    `the store ${store.location} has a ${kind} ${id} with other content: nothing was imported`,
    { remedy: 'unpack into another folder with --store' },
  );
}
