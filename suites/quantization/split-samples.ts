import { UserError } from '../../engine/base/errors.ts';
import type { SampleSource } from './variant-job.ts';

/** What a workload has to calibrate and to judge variants with. */
export interface VariantSamples {
  readonly calibration: SampleSource | null;
  readonly evaluation: readonly SampleSource[];
  /** Samples from the start of the data that no calibration has seen. */
  readonly unseen: number;
}

export interface SplitOptions {
  readonly datasetFolder: string;
  readonly count: number;
  readonly batch: 'free' | number;
  /** A dataset of its own for calibration; null: the end of the data is set aside. */
  readonly calibration: { readonly folder: string; readonly count: number } | null;
  readonly needsCalibration: boolean;
  /** Samples that are evaluated one by one, at most; default 1000. */
  readonly mostEvaluated?: number;
}

const MAX_CALIBRATION = 256;
const MAX_EVALUATION = 1000;
/** The largest batch that the search tries; quality is looked at there and at one sample. */
const LARGE_BATCH = 32;

/**
 * Divides data into what calibrates and what judges, which must not be the same:
 * a range that was fitted to a sample says nothing about others. Throws UserError
 * when there are too few samples for both.
 */
export function splitSamples(options: SplitOptions): VariantSamples {
  const { count, datasetFolder, batch } = options;
  const rows = batch === 'free' ? 1 : batch;
  const own = options.calibration;
  const setAside =
    own !== null || !options.needsCalibration
      ? 0
      : Math.min(MAX_CALIBRATION, Math.floor(count / 2 / rows) * rows);
  if (options.needsCalibration && own === null && setAside < rows) {
    throw new UserError(
      `calibration and evaluation need different samples, and the data has ${count}`,
      { remedy: `give at least ${2 * rows} samples with --data` },
    );
  }
  const unseen = count - setAside;
  const calibration = own ?? { folder: datasetFolder, count: setAside };
  return {
    unseen,
    evaluation: evaluationSets(datasetFolder, {
      batch,
      count: Math.min(unseen, MAX_EVALUATION, options.mostEvaluated ?? MAX_EVALUATION),
    }),
    calibration: options.needsCalibration
      ? {
          name: 'calibration',
          datasetFolder: calibration.folder,
          start: own === null ? unseen : 0,
          count: Math.max(1, Math.floor(Math.min(calibration.count, MAX_CALIBRATION) / rows)),
          rows,
        }
      : null,
  };
}

/** At the smallest and the largest batch that is deployed. */
function evaluationSets(
  datasetFolder: string,
  { batch, count: most }: { readonly batch: 'free' | number; readonly count: number },
): SampleSource[] {
  if (batch !== 'free') {
    const count = Math.max(1, Math.floor(most / batch));
    return [{ name: `batch ${batch}`, datasetFolder, start: 0, count, rows: batch }];
  }
  const large = Math.min(LARGE_BATCH, most);
  return [
    { name: 'batch 1', datasetFolder, start: 0, count: most, rows: 1 },
    ...(large === 1
      ? []
      : [
          {
            name: `batch ${large}`,
            datasetFolder,
            start: 0,
            // The same samples: a floor judged on a few would fall by one wrong answer.
            count: Math.floor(most / large),
            rows: large,
          },
        ]),
  ];
}
