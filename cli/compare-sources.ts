import { existsSync, statSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { UserError } from '../engine/base/errors.ts';
import type { BundledBench, BundledRun } from '../tuner/bundle/bundle-manifest.ts';
import { readBundle, type ReadBundle } from '../tuner/bundle/read-bundle.ts';
import { benchSource, runSource, type ComparedSource } from '../tuner/compare/compared-source.ts';
import type { FindSamples } from '../tuner/arm-metrics.ts';
import type { RunRecord } from '../tuner/run-record.ts';
import type { Store } from '../tuner/store/store.ts';
import type { BenchRecord } from '../suites/bench-record.ts';
import { openStore } from './results.ts';
import { storePaths } from './store-folder.ts';
import { findRun } from './stored-run.ts';

/** Where a run or a bench is: `RUN`, `STORE#RUN`, `FILE.claw` (all in it), `FILE.claw#RUN`. */
export type RunAddress =
  | { readonly kind: 'store'; readonly folder: string; readonly name: string }
  | { readonly kind: 'bundle'; readonly path: string; readonly name: string | null };

/** Reads an address; a name alone is looked for in `storeFolder`. */
export function parseAddress(text: string, storeFolder: string): RunAddress {
  const at = text.lastIndexOf('#');
  const place = at < 0 ? text : text.slice(0, at);
  const name = at < 0 ? null : text.slice(at + 1);
  if (isFile(place)) return { kind: 'bundle', path: place, name };
  if (name === null && place.endsWith('.claw')) {
    throw new UserError(`there is no bundle ${place}`, {
      remedy: 'write one with: claw pack RUN -o run.claw; a run of another store is STORE#RUN',
    });
  }
  if (name === null) return { kind: 'store', folder: storeFolder, name: place };
  return { kind: 'store', folder: place, name: name === '' ? 'latest' : name };
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** Opens a store that must be there: looking for a run must not make one. */
export async function openExistingStore(folder: string): Promise<Store> {
  if (!existsSync(storePaths(folder).database)) {
    throw new UserError(`there is no store in ${folder}`, {
      remedy: 'name the folder that claw wrote its results to, as STORE#RUN or with --store',
    });
  }
  return openStore(folder);
}

/** What a name in a store means: a run, or else a bench. */
export async function findRecord(
  store: Store,
  name: string,
): Promise<{ readonly run: RunRecord } | { readonly bench: BenchRecord }> {
  const bench = name === 'latest' ? null : await store.findBench(name);
  return bench === null ? { run: await findRun(store, name) } : { bench };
}

/** The sources at some addresses. Their samples are read later: `close` when that is done. */
export interface OpenedSources {
  readonly sources: readonly ComparedSource[];
  close(): Promise<void>;
}

/**
 * Opens all addresses. The same run named twice counts once; two runs of one name with
 * different content are refused with UserError.
 */
export async function openSources(addresses: readonly RunAddress[]): Promise<OpenedSources> {
  const stores = new Map<string, Store>();
  const close = async (): Promise<void> => {
    for (const store of stores.values()) await store.close();
  };
  try {
    const found: ComparedSource[] = [];
    for (const address of addresses) {
      found.push(
        ...(address.kind === 'bundle'
          ? await bundleSources(address)
          : [await storeSource(address, stores)]),
      );
    }
    return { sources: withoutRepeats(found), close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

async function storeSource(
  { folder, name }: Extract<RunAddress, { kind: 'store' }>,
  stores: Map<string, Store>,
): Promise<ComparedSource> {
  const store = stores.get(folder) ?? (await openExistingStore(folder));
  stores.set(folder, store);
  const record = await findRecord(store, name);
  const findSamples: FindSamples = (id) => store.findSamples(id);
  if ('run' in record) {
    return runSource(record.run, await store.listTrials(record.run.id), findSamples);
  }
  return benchSource(record.bench, findSamples) ?? withoutTrials(record.bench.id);
}

async function bundleSources({
  path,
  name,
}: Extract<RunAddress, { kind: 'bundle' }>): Promise<ComparedSource[]> {
  const bundle = await readBundle(path);
  const all = [...bundle.runs.map(bundledRunSource), ...bundle.benches.map(bundledBenchSource)];
  const wanted = name === null ? all : all.filter(({ id }) => id === name);
  if (wanted.length > 0) return wanted;
  throw new UserError(`there is no run '${name ?? ''}' in ${path}`, {
    remedy: `it holds ${namesIn(bundle).join(', ')}`,
  });
}

function namesIn({ manifest }: ReadBundle): string[] {
  return manifest.contents.map(({ id }) => id);
}

function bundledRunSource({ run, trials, samples }: BundledRun): ComparedSource {
  const byTrial = new Map(trials.map(({ id }, position) => [id, samples[position] ?? null]));
  return runSource(run, trials, (id) => Promise.resolve(byTrial.get(id) ?? null));
}

function bundledBenchSource({ bench, samples }: BundledBench): ComparedSource {
  const byTrial = new Map(bench.trials.map(({ id }, position) => [id, samples[position] ?? null]));
  const source = benchSource(bench, (id) => Promise.resolve(byTrial.get(id) ?? null));
  return source ?? withoutTrials(bench.id);
}

function withoutTrials(id: string): never {
  throw new UserError(`bench ${id} has no trials`, { remedy: 'leave it out' });
}

function withoutRepeats(sources: readonly ComparedSource[]): ComparedSource[] {
  const byId = new Map<string, ComparedSource>();
  for (const source of sources) {
    const known = byId.get(source.id);
    if (known === undefined) {
      byId.set(source.id, source);
      continue;
    }
    const isSame =
      isDeepStrictEqual(known.record, source.record) &&
      isDeepStrictEqual(known.trials, source.trials);
    if (isSame) continue;
    throw new UserError(`two different runs are named ${source.id}`, {
      remedy: 'one of them was changed after it was copied: leave it out',
    });
  }
  return [...byId.values()];
}
