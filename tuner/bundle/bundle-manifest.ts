import { z } from 'zod';
import { hostProfileSchema } from '../../hosts/host-profile.ts';
import type { BenchRecord } from '../../suites/bench-record.ts';
import type { TrialRecord } from '../../suites/trial-record.ts';
import type { WorkloadRecord } from '../../suites/workload-record.ts';
import { runRecordSchema, type RunRecord } from '../run-record.ts';

/**
 * What a bundle says of itself: a zip archive of `manifest.json`, the records of runs and
 * benches, and the raw latencies of their trials, each with its size and SHA-256. A member's
 * name is one of ours, so that nothing in it is ever taken for a path:
 *
 *     runs/0/run.json  runs/0/trials.json  runs/0/samples/12.f32
 *     benches/0/bench.json                 benches/0/samples/0.f32
 *
 * Samples are little-endian float32 milliseconds, by the position of the trial in its list.
 * The hashes find what was damaged or changed on the way. They are no signature: whoever
 * rewrites the manifest too can write anything.
 */
export const MANIFEST_NAME = 'manifest.json';

/** Of a run or a bench: it names a folder below the store, and must not lead out of it. */
const idSchema = z
  .string()
  .max(128)
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*$/, 'not the name of a run');

const memberNameSchema = z
  .string()
  .regex(
    /^(runs\/\d{1,4}\/(run\.json|trials\.json|samples\/\d{1,6}\.f32)|benches\/\d{1,4}\/(bench\.json|samples\/\d{1,6}\.f32))$/,
    'not the name of a part of a bundle',
  );

const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/, 'not a SHA-256');

const contentSchema = z.strictObject({
  kind: z.enum(['run', 'bench']),
  id: idSchema,
  /** Position among the runs, or among the benches. */
  folder: z.string(),
  model: z.strictObject({ name: z.string(), sha256: z.string() }),
  /** The models that were run, by hash: they are not in the bundle. */
  artifacts: z.array(
    z.strictObject({ precision: z.string(), passes: z.string(), sha256: z.string() }),
  ),
  host: hostProfileSchema,
  /** Null for a bench without trials. */
  versions: runRecordSchema.shape.versions.nullable(),
  trials: z.int(),
});
export type BundleContent = Readonly<z.infer<typeof contentSchema>>;

export const bundleManifestSchema = z.strictObject({
  schema: z.literal('openclaw.bundle/1'),
  createdAt: z.string(),
  /** The version of claw that wrote it. */
  openclaw: z.string(),
  contents: z.array(contentSchema).min(1),
  files: z.array(
    z.strictObject({ name: memberNameSchema, sizeBytes: z.int().min(0), sha256: sha256Schema }),
  ),
});
export type BundleManifest = Readonly<z.infer<typeof bundleManifestSchema>>;

/** Latencies of each trial in milliseconds, in the trials' order; null where none were kept. */
export type Samples = readonly (Float64Array | null)[];

/** A run with everything that belongs to it. */
export interface BundledRun {
  readonly run: RunRecord;
  readonly trials: readonly TrialRecord[];
  readonly samples: Samples;
}

export interface BundledBench {
  readonly bench: BenchRecord;
  readonly samples: Samples;
}

export interface BundleRecords {
  readonly runs: readonly BundledRun[];
  readonly benches: readonly BundledBench[];
}

/** What the manifest says of each record, in the order of their folders. */
export function describeContents({ runs, benches }: BundleRecords): BundleContent[] {
  return [
    ...runs.map(({ run, trials }, index) => ({
      ...commonContent(run),
      kind: 'run' as const,
      folder: `runs/${index}`,
      versions: run.versions,
      trials: trials.length,
    })),
    ...benches.map(({ bench }, index) => ({
      ...commonContent(bench),
      kind: 'bench' as const,
      folder: `benches/${index}`,
      versions: bench.trials[0]?.versions ?? null,
      trials: bench.trials.length,
    })),
  ];
}

function commonContent(record: {
  readonly id: string;
  readonly workload: WorkloadRecord;
  readonly host: RunRecord['host'];
}): Pick<BundleContent, 'id' | 'model' | 'artifacts' | 'host'> {
  const { model, artifacts } = record.workload;
  return {
    id: record.id,
    model: { name: model.name, sha256: model.sha256 },
    artifacts: artifacts.map(({ precision, passes, sha256 }) => ({ precision, passes, sha256 })),
    host: record.host,
  };
}
