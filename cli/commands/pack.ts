import { z } from 'zod';
import { writeFileAtomic } from '../../engine/base/files.ts';
import { packageVersion } from '../../engine/base/package-info.ts';
import { formatBytes, formatCount } from '../../engine/base/units.ts';
import type {
  BundledBench,
  BundledRun,
  BundleRecords,
} from '../../tuner/bundle/bundle-manifest.ts';
import { packBundle } from '../../tuner/bundle/pack-bundle.ts';
import { bundledBench, bundledRun } from '../../tuner/bundle/stored-records.ts';
import { findRecord, openExistingStore } from '../compare-sources.ts';
import { machine } from '../measuring.ts';
import { storeOptionsSchema } from '../option-values.ts';

const optionsSchema = storeOptionsSchema.extend({ output: z.string().optional() });

/** `claw pack RUN...`: one file with runs and benches and all that belongs to them. */
export async function pack(names: readonly string[], rawOptions: unknown): Promise<number> {
  const options = optionsSchema.parse(rawOptions);
  const records = await takeRecords(options.store, names.length === 0 ? ['latest'] : names);
  const { archive, manifest } = packBundle(records, {
    createdAt: machine.clock.date().toISOString(),
    openclaw: packageVersion(),
  });
  const path = options.output ?? `${manifest.contents[0]?.id ?? 'run'}.claw`;
  await writeFileAtomic(path, archive);
  const packed = manifest.contents.map(({ kind, id, trials }) => ({ kind, id, trials }));
  if (options.json === true) {
    console.log(JSON.stringify({ bundle: path, sizeBytes: archive.byteLength, packed }));
    return 0;
  }
  for (const { kind, id, trials } of packed) {
    console.log(`${kind} ${id}, ${formatCount(trials, 'trial')}`);
  }
  console.log(`${path}, ${formatBytes(archive.byteLength)}`);
  return 0;
}

async function takeRecords(folder: string, names: readonly string[]): Promise<BundleRecords> {
  const store = await openExistingStore(folder);
  try {
    const runs = new Map<string, BundledRun>();
    const benches = new Map<string, BundledBench>();
    for (const name of names) {
      const record = await findRecord(store, name);
      if ('run' in record) runs.set(record.run.id, await bundledRun(store, record.run));
      else benches.set(record.bench.id, await bundledBench(store, record.bench));
    }
    return { runs: [...runs.values()], benches: [...benches.values()] };
  } finally {
    await store.close();
  }
}
