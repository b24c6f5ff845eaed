import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { messageOf } from '../../engine/base/errors.ts';
import { sha256 } from '../../engine/base/files.ts';
import { firstIssue } from '../../engine/base/json.ts';
import { benchRecordSchema } from '../../suites/bench-record.ts';
import { trialRecordSchema, type TrialRecord } from '../../suites/trial-record.ts';
import { runRecordSchema } from '../run-record.ts';
import { damaged, readArchive } from './bundle-archive.ts';
import {
  bundleManifestSchema,
  describeContents,
  MANIFEST_NAME,
  type BundledBench,
  type BundledRun,
  type BundleManifest,
  type BundleRecords,
  type Samples,
} from './bundle-manifest.ts';

export interface ReadBundle extends BundleRecords {
  readonly manifest: BundleManifest;
  /** SHA-256 of the manifest, which names the hash of all else: for people to compare. */
  readonly digest: string;
}

/**
 * Reads a bundle and checks all of it: every hash, that nothing is missing or was added,
 * every record against its schema, and the manifest against the records. Throws UserError
 * that names the file and what is wrong with it.
 */
export async function readBundle(path: string): Promise<ReadBundle> {
  const parts: Parts = { path, members: await readArchive(path) };
  const manifest = readPart(parts, MANIFEST_NAME, bundleManifestSchema);
  checkFiles(parts, manifest);
  const records: BundleRecords = {
    runs: foldersOf(manifest, 'run').map((folder) => readRun(parts, folder)),
    benches: foldersOf(manifest, 'bench').map((folder) => readBench(parts, folder)),
  };
  if (!isDeepStrictEqual(manifest.contents, describeContents(records))) {
    throw damaged(path, 'its manifest does not say what its records do');
  }
  return { ...records, manifest, digest: sha256(parts.members.get(MANIFEST_NAME) ?? '') };
}

interface Parts {
  readonly path: string;
  readonly members: ReadonlyMap<string, Uint8Array>;
}

function foldersOf({ contents }: BundleManifest, kind: 'run' | 'bench'): string[] {
  return contents.filter((one) => one.kind === kind).map(({ folder }) => folder);
}

/** Every part is listed once and is what the list says; nothing else is there. */
function checkFiles({ path, members }: Parts, { files }: BundleManifest): void {
  const listed = new Set(files.map(({ name }) => name));
  if (listed.size !== files.length) throw damaged(path, 'its manifest lists a part twice');
  for (const name of members.keys()) {
    if (name !== MANIFEST_NAME && !listed.has(name)) {
      throw damaged(path, `${JSON.stringify(name)} is not in its manifest`);
    }
  }
  for (const { name, sizeBytes, sha256: wanted } of files) {
    const bytes = members.get(name);
    if (bytes === undefined) throw damaged(path, `${name} is missing`);
    if (bytes.byteLength !== sizeBytes || sha256(bytes) !== wanted) {
      throw damaged(path, `${name} was changed: its SHA-256 is not the one in the manifest`);
    }
  }
}

function readRun(parts: Parts, folder: string): BundledRun {
  const run = readPart(parts, `${folder}/run.json`, runRecordSchema);
  const trials = readPart(parts, `${folder}/trials.json`, z.array(trialRecordSchema));
  checkTrials(parts, run.id, trials);
  return { run, trials, samples: readSamples(parts, folder, trials) };
}

function readBench(parts: Parts, folder: string): BundledBench {
  const bench = readPart(parts, `${folder}/bench.json`, benchRecordSchema);
  checkTrials(parts, bench.id, bench.trials);
  return { bench, samples: readSamples(parts, folder, bench.trials) };
}

/** A trial of another run's name would be stored as that one's. */
function checkTrials({ path }: Parts, id: string, trials: readonly TrialRecord[]): void {
  for (const [position, trial] of trials.entries()) {
    const isOwn = trial.runId === id && trial.id === `${id}/${trial.sequence}`;
    if (!isOwn) throw damaged(path, `trial ${position} of ${id} belongs to another run`);
  }
  if (new Set(trials.map((trial) => trial.id)).size !== trials.length) {
    throw damaged(path, `${id} has a trial twice`);
  }
}

function readSamples(
  { path, members }: Parts,
  folder: string,
  trials: readonly TrialRecord[],
): Samples {
  const prefix = `${folder}/samples/`;
  const given = [...members.keys()].filter((name) => name.startsWith(prefix));
  const known = new Set(trials.map((_, position) => `${prefix}${position}.f32`));
  const stray = given.find((name) => !known.has(name));
  if (stray !== undefined) throw damaged(path, `${stray} belongs to no trial`);
  return trials.map((_, position) => {
    const bytes = members.get(`${prefix}${position}.f32`);
    if (bytes === undefined) return null;
    if (bytes.byteLength % 4 !== 0) throw damaged(path, `the samples of ${folder} are cut off`);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return Float64Array.from({ length: bytes.byteLength / 4 }, (_value, index) =>
      view.getFloat32(4 * index, true),
    );
  });
}

function readPart<T>({ path, members }: Parts, name: string, schema: z.ZodType<T>): T {
  const bytes = members.get(name);
  if (bytes === undefined) throw damaged(path, `it has no ${name}`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (thrown) {
    throw damaged(path, `${name} is not JSON: ${messageOf(thrown)}`, thrown);
  }
  const result = schema.safeParse(parsed);
  if (result.success) return result.data;
  throw damaged(path, `${name}: ${firstIssue(result.error)}`, result.error);
}
