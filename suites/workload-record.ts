import { z } from 'zod';
import {
  sessionFactsSchema,
  type SessionFacts,
} from '../engine/graph/memory-plan/session-facts.ts';
import {
  GRAPH_LEVELS,
  PASS_PIPELINES,
  PRECISIONS,
  type EngineConfig,
} from '../engine/runtime/engine-config.ts';
import { variantReportSchema } from './quantization/variant-job.ts';

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
  /** The model as passes and quantization leave it; fp32 and `none` is the model itself. */
  artifacts: z
    .array(
      z.strictObject({
        precision: z.enum(PRECISIONS),
        passes: z.enum(PASS_PIPELINES),
        path: z.string(),
        sha256: z.string(),
        nodes: z.int(),
        /** Folder of reference outputs; null where it has none. */
        golden: z.string().nullable(),
        /** How it was quantized and how close it is; null for fp32. */
        variant: variantReportSchema.nullable(),
        /** What a session's memory follows from, by graph level; absent where it was not observed. */
        sessions: z
          .array(z.strictObject({ graphLevel: z.enum(GRAPH_LEVELS), facts: sessionFactsSchema }))
          .optional(),
      }),
    )
    .min(1),
  /** Folder of the prepared dataset. */
  dataset: z.string(),
  dims: z.record(z.string(), z.int()),
  /** `free`, or the batch size that the model fixes. */
  batch: z.union([z.literal('free'), z.int()]),
  /** Labelled samples scored in each trial; 0 without labels. */
  evaluationCount: z.int(),
  scenario: z.literal('closed-loop'),
  seed: z.int(),
  /**
   * Memory of a process with the runtime loaded and no session, bytes, as trials count it;
   * absent in older runs.
   */
  runtimeBytes: z.number().optional(),
  /** Plain facts about the target, shown in the report (e.g. accuracies of the suite). */
  notes: z.array(z.string()),
});
export type WorkloadRecord = Readonly<z.infer<typeof workloadRecordSchema>>;

/** The file that a config runs; a programmer's error when it was not built. */
export function artifactOf(
  workload: WorkloadRecord,
  { precision, passes }: Pick<EngineConfig, 'precision' | 'passes'>,
): WorkloadArtifact {
  const artifact = workload.artifacts.find(
    (one) => one.precision === precision && one.passes === passes,
  );
  if (artifact === undefined) {
    throw new Error(`no artifact for ${precision} with the passes '${passes}'`);
  }
  return artifact;
}

/** What the memory of a config's sessions follows from; undefined where it was not observed. */
export function sessionFactsOf(
  workload: WorkloadRecord,
  config: Pick<EngineConfig, 'precision' | 'passes' | 'graphLevel'>,
): SessionFacts | undefined {
  const { sessions } = artifactOf(workload, config);
  return sessions?.find(({ graphLevel }) => graphLevel === config.graphLevel)?.facts;
}

export type WorkloadArtifact = WorkloadRecord['artifacts'][number];
