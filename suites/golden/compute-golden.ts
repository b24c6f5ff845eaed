import { z } from 'zod';
import { compareOutputs } from '../../engine/artifacts/compare-models.ts';
import { createSession } from '../../engine/runtime/binding.ts';
import { defaultEngineConfig } from '../../engine/runtime/engine-config.ts';
import { toSessionOptions } from '../../engine/runtime/session-options.ts';
import { isNumericType, type NumericArray, type Tensors } from '../../engine/runtime/tensor.ts';
import { openDataset, writeDataset, type DatasetInput } from '../data/dataset.ts';

export const goldenJobSchema = z.strictObject({
  modelPath: z.string(),
  datasetFolder: z.string(),
  /** Samples from the start of the data. */
  rows: z.int().min(1),
  /** Whether the leading dimension of the outputs counts samples. */
  batchIsFree: z.boolean(),
  /** Where the outputs go, as a dataset. */
  folder: z.string(),
});
export type GoldenJob = Readonly<z.infer<typeof goldenJobSchema>>;

/** Whether outputs were written, or why they would be no reference. */
export interface GoldenResult {
  readonly problem: string | null;
}

/**
 * Runs the model as it is on one thread, with the least optimization that runs
 * everywhere, and keeps its outputs: what every configuration must reproduce.
 * Runs twice: a model with random operators has no reference.
 */
export async function computeGolden(job: GoldenJob): Promise<GoldenResult> {
  const dataset = await openDataset(job.datasetFolder);
  try {
    const feeds = await dataset.read(0, job.rows);
    const config = { ...defaultEngineConfig(1), spinning: false, graphLevel: 'basic' } as const;
    const session = await createSession(job.modelPath, toSessionOptions(config));
    try {
      const outputs = await session.run(feeds);
      const again = compareOutputs(outputs, await session.run(feeds));
      if (again.mismatch !== null || again.relative > 0) {
        return { problem: 'the model gives other outputs each time' };
      }
      const kept = toInputs(outputs, job);
      if (kept.length === 0) return { problem: 'the model has no numeric output' };
      await writeDataset(job.folder, { count: job.rows, inputs: kept, labels: null });
      return { problem: null };
    } finally {
      await session.close();
    }
  } finally {
    await dataset.close();
  }
}

/** Outputs as a dataset keeps inputs: per sample where the leading dimension counts them. */
function toInputs(outputs: Tensors, { rows, batchIsFree }: GoldenJob): DatasetInput[] {
  return Object.entries(outputs).flatMap(([name, { type, dims, data }]) => {
    if (!isNumericType(type)) return [];
    const batched = batchIsFree && dims[0] === rows;
    return [
      { name, type, dims: batched ? dims.slice(1) : dims, batched, data: data as NumericArray },
    ];
  });
}
