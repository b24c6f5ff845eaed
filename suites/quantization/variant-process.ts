import {
  buildVariant,
  type VariantReport,
} from '../../engine/artifacts/quantization/build-variant.ts';
import type { EvaluationSet } from '../../engine/artifacts/quantization/evaluate-variant.ts';
import { UserError } from '../../engine/base/errors.ts';
import { parseAs } from '../../engine/base/json.ts';
import type { Tensors } from '../../engine/runtime/tensor.ts';
import { serveChildTask } from '../../engine/runtime/child-task.ts';
import { openDataset, type Dataset } from '../data/dataset.ts';
import {
  toVariantRecord,
  variantTaskSchema,
  type SampleSource,
  type VariantReply,
} from './variant-job.ts';

// The program that makes one variant: a hostile model may bring it down, and its
// memory is gone when it ends.
serveChildTask(async (message, onProgress) => {
  const task = parseAs(message, variantTaskSchema, 'the variant process was given a wrong task');
  const datasets = new Map<string, Dataset>();
  const open = async (folder: string): Promise<Dataset> => {
    const dataset = datasets.get(folder) ?? (await openDataset(folder));
    datasets.set(folder, dataset);
    return dataset;
  };
  try {
    const evaluation: EvaluationSet[] = [];
    for (const source of task.evaluation) {
      evaluation.push(toSet(source, await open(source.datasetFolder)));
    }
    const requests = await calibrationRequests(task.calibration, open);
    const calibration =
      requests.length === 0
        ? null
        : { count: requests.length, read: async (index: number) => requests[index]?.() ?? {} };
    const data = { evaluation, calibration };
    return await replyOf(buildVariant(task.job, data, onProgress));
  } finally {
    for (const dataset of datasets.values()) await dataset.close();
  }
});

/** A floor that is missed is an answer: its exit code would be lost with a failure. */
async function replyOf(building: Promise<VariantReport>): Promise<VariantReply> {
  try {
    return { kind: 'built', report: toVariantRecord(await building) };
  } catch (thrown) {
    if (!(thrown instanceof UserError) || thrown.exitCode !== 4) throw thrown;
    const { message, remedy = 'lower the floor' } = thrown;
    return { kind: 'below-floor', message, remedy };
  }
}

/** Every request of every source, to be read when its turn comes. */
async function calibrationRequests(
  sources: readonly SampleSource[],
  open: (folder: string) => Promise<Dataset>,
): Promise<(() => Promise<Tensors>)[]> {
  const requests: (() => Promise<Tensors>)[] = [];
  for (const { datasetFolder, start, count, rows } of sources) {
    const dataset = await open(datasetFolder);
    for (let index = 0; index < count; index += 1) {
      requests.push(() => dataset.read(start + index * rows, rows));
    }
  }
  return requests;
}

function toSet({ name, rows, count, start }: SampleSource, dataset: Dataset): EvaluationSet {
  return {
    name,
    rows,
    count,
    read: async (index) => {
      const first = start + index * rows;
      const { labels } = dataset;
      // Reading wraps round the end of the data; labels do too.
      const own =
        labels === null
          ? null
          : Int32Array.from(
              { length: rows },
              (_, row) => labels[(first + row) % labels.length] ?? 0,
            );
      return { feeds: await dataset.read(first, rows), labels: own };
    },
  };
}
