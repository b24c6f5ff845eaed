import { z } from 'zod';
import { PASS_PIPELINES } from '../engine/runtime/engine-config.ts';

export const workloadRecordSchema = z.strictObject({
  /** What was typed: a suite's name or a model's path. */
  target: z.string(),
  suite: z.string().nullable(),
  model: z.strictObject({
    name: z.string(),
    path: z.string(),
    sha256: z.string(),
    sizeBytes: z.number(),
  }),
  data: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('suite'), description: z.string() }),
    z.strictObject({ kind: z.literal('file'), path: z.string(), description: z.string() }),
    z.strictObject({ kind: z.literal('random'), description: z.string() }),
  ]),
  /** The model as each pipeline of passes leaves it; `none` is the model itself. */
  artifacts: z
    .array(
      z.strictObject({
        passes: z.enum(PASS_PIPELINES),
        path: z.string(),
        sha256: z.string(),
        nodes: z.int(),
      }),
    )
    .min(1),
  /** Folder of the prepared dataset. */
  dataset: z.string(),
  /** Folder of reference outputs; null where the model has no reference. */
  golden: z.string().nullable(),
  dims: z.record(z.string(), z.int()),
  /** `free`, or the batch size that the model fixes. */
  batch: z.union([z.literal('free'), z.int()]),
  /** Labelled samples scored in each trial; 0 without labels. */
  evaluationCount: z.int(),
  scenario: z.literal('closed-loop'),
  seed: z.int(),
  /** Plain facts about the target, shown in the report (e.g. accuracies of the suite). */
  notes: z.array(z.string()),
});
export type WorkloadRecord = Readonly<z.infer<typeof workloadRecordSchema>>;

/** The file that a config of these passes runs; a programmer's error when it was not built. */
export function artifactOf(
  workload: WorkloadRecord,
  passes: WorkloadArtifact['passes'],
): WorkloadArtifact {
  const artifact = workload.artifacts.find((one) => one.passes === passes);
  if (artifact === undefined) throw new Error(`no artifact for the passes '${passes}'`);
  return artifact;
}

export type WorkloadArtifact = WorkloadRecord['artifacts'][number];
