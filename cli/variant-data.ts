import type { QualityFloor } from '../engine/artifacts/quantization/quality.ts';
import { UsageError } from '../engine/base/errors.ts';
import { describeModel, type ValueDescription } from '../engine/graph/describe.ts';
import { readModelFile } from '../engine/graph/read.ts';
import { openDataset } from '../suites/data/dataset.ts';
import {
  checkLabelled,
  checkLabels,
  checkSamples,
  hasClasses,
} from '../suites/data/sample-checks.ts';
import type { VariantRequest } from '../suites/quantization/variant-cache.ts';
import type { WorkloadSource } from '../suites/workload-source.ts';

/** Refuses data that a variant cannot be made or judged by, before any work. Gives warnings. */
export async function checkVariantData(
  task: VariantRequest,
  around: {
    readonly sources: readonly WorkloadSource[];
    /** Null where the data is random. */
    readonly dataPath: string | null;
    /** Those that were asked for. */
    readonly floors: readonly QualityFloor[];
    readonly onProgress: (text: string) => void;
  },
): Promise<string[]> {
  const { sources, dataPath, floors, onProgress } = around;
  const { modelPath, precision } = task.job;
  const [output] = describeModel(await readModelFile(modelPath)).outputs;
  checkFloors(floors, { output, hasLabels: sources.every(({ labelled }) => labelled > 0) });
  if (dataPath === null) return precision === 'int8-static' ? [RANDOM_RANGES] : [];
  onProgress('looking through the data');
  const warnings = new Set<string>();
  for (const { datasetFolder } of sources) {
    const calibration = calibrating(task, datasetFolder);
    const dataset = await openDataset(datasetFolder);
    try {
      if (dataset.labels !== null) checkLabels(dataset.labels, output, dataPath);
      const found = await checkSamples(dataset, { path: dataPath, calibration });
      for (const text of found) warnings.add(text);
    } finally {
      await dataset.close();
    }
  }
  return [...warnings];
}

/** The samples of a dataset that ranges are fitted to; null where none are. */
function calibrating(
  { calibration }: VariantRequest,
  folder: string,
): { readonly start: number; readonly end: number } | null {
  const own = calibration.find(({ datasetFolder }) => datasetFolder === folder);
  return own === undefined ? null : { start: own.start, end: own.start + own.count * own.rows };
}

const RANDOM_RANGES =
  'the ranges are those of seeded random inputs, other data has others: give yours with --data';

/** A floor that cannot be measured is missed by every variant. */
function checkFloors(
  floors: readonly QualityFloor[],
  by: { readonly output: ValueDescription | undefined; readonly hasLabels: boolean },
): void {
  const kinds = new Set(floors.map(({ kind }) => kind));
  if (kinds.has('accuracy')) checkLabelled(by.hasLabels);
  const { output } = by;
  if (!kinds.has('agreement') || output === undefined || hasClasses(output)) return;
  throw new UsageError(
    `--min-agreement compares classes, and the model's first output '${output.name}' is not [samples, classes]`,
    { remedy: 'give --min-cosine or --min-sqnr instead' },
  );
}
