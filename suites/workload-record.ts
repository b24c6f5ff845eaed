import { z } from 'zod';

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
  /** Folder of the prepared dataset. */
  dataset: z.string(),
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
