import { z } from 'zod';
import { formatCount } from '../../engine/base/units.ts';
import type { BundleContent } from '../../tuner/bundle/bundle-manifest.ts';
import { importBundle, type Imported } from '../../tuner/bundle/import-bundle.ts';
import { readBundle } from '../../tuner/bundle/read-bundle.ts';
import { storeOptionsSchema } from '../option-values.ts';
import { openStore } from '../results.ts';

const optionsSchema = storeOptionsSchema.extend({ check: z.boolean().optional() });

/** `claw unpack FILE`: checks a bundle and adds what it holds to the store. */
export async function unpack(path: string, rawOptions: unknown): Promise<number> {
  const options = optionsSchema.parse(rawOptions);
  // All of it is checked before the store is touched, or made.
  const bundle = await readBundle(path);
  const imported = options.check === true ? null : await addTo(options.store, bundle);
  const { contents } = bundle.manifest;
  if (options.json === true) {
    const { digest } = bundle;
    console.log(JSON.stringify({ bundle: path, digest, contents, imported }));
    return 0;
  }
  for (const [index, content] of contents.entries()) {
    console.log(describe(content, imported?.[index]));
  }
  console.log(`${path}: every hash is right (manifest ${bundle.digest})`);
  return 0;
}

async function addTo(
  storeFolder: string,
  bundle: Parameters<typeof importBundle>[1],
): Promise<readonly Imported[]> {
  const store = await openStore(storeFolder);
  try {
    return await importBundle(store, bundle);
  } finally {
    await store.close();
  }
}

function describe(content: BundleContent, imported: Imported | undefined): string {
  const { kind, id, trials, host, model } = content;
  const state = imported === undefined ? '' : `, ${imported.state.replaceAll('-', ' ')}`;
  return `${kind} ${id}: ${model.name} on ${host.name} (${host.cpu}), ${formatCount(trials, 'trial')}${state}`;
}
