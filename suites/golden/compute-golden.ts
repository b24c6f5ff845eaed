import { z } from 'zod';
import { compareOutputs } from '../../engine/artifacts/compare-models.ts';
import { createSession, type Session } from '../../engine/runtime/binding.ts';
import { defaultEngineConfig } from '../../engine/runtime/engine-config.ts';
import { toSessionOptions } from '../../engine/runtime/session-options.ts';
import { isNumericType, type NumericArray, type Tensors } from '../../engine/runtime/tensor.ts';
import { openDataset, writeDataset, type Dataset, type DatasetInput } from '../data/dataset.ts';
import { leadingRows, OUTPUT_TOLERANCES } from './check-golden.ts';

export const goldenJobSchema = z.strictObject({
  modelPath: z.string(),
  datasetFolder: z.string(),
  /** Samples from the start of the data. */
  rows: z.int().min(1),
  /** Whether the leading dimension of the inputs counts samples. */
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
      const perSample = await namesPerSample(outputs, { session, dataset, job });
      const kept = toInputs(outputs, perSample);
      if (kept.length === 0) return { problem: 'the model has no numeric output' };
      if (job.batchIsFree && perSample.size === 0) {
        return { problem: 'what the model says of a sample depends on the others of its batch' };
      }
      await writeDataset(job.folder, { count: job.rows, inputs: kept, labels: null });
      return { problem: null };
    } finally {
      await session.close();
    }
  } finally {
    await dataset.close();
  }
}

/**
 * Outputs that say the same of a sample in a larger batch. A leading dimension may equal
 * the batch by chance, and what is scaled over the whole batch, as a dynamically quantized
 * model does, has no reference at other sizes.
 */
async function namesPerSample(
  outputs: Tensors,
  {
    session,
    dataset,
    job,
  }: { readonly session: Session; readonly dataset: Dataset; readonly job: GoldenJob },
): Promise<ReadonlySet<string>> {
  const { rows } = job;
  if (!job.batchIsFree) return new Set();
  // A model may refuse other sizes than that of its data: then nothing is per sample.
  const none: Tensors = {};
  const larger = await session.run(await dataset.read(0, rows + 1)).catch(() => none);
  const names = Object.entries(outputs).filter(([name, output]) => {
    const other = larger[name];
    if (!isNumericType(output.type) || other?.dims[0] !== rows + 1) return false;
    const pair = [{ [name]: output }, { [name]: leadingRows(other, rows) }] as const;
    return compareOutputs(...pair).relative <= OUTPUT_TOLERANCES.fp32;
  });
  return new Set(names.map(([name]) => name));
}

/** Outputs as a dataset keeps inputs. */
function toInputs(outputs: Tensors, perSample: ReadonlySet<string>): DatasetInput[] {
  return Object.entries(outputs).flatMap(([name, { type, dims, data }]) => {
    if (!isNumericType(type)) return [];
    const batched = perSample.has(name);
    return [
      { name, type, dims: batched ? dims.slice(1) : dims, batched, data: data as NumericArray },
    ];
  });
}
