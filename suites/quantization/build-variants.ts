import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { QualityFloor } from '../../engine/artifacts/quantization/quality.ts';
import { messageOf } from '../../engine/base/errors.ts';
import { sha256, sha256OfFile } from '../../engine/base/files.ts';
import { formatNumber, formatPercent } from '../../engine/base/units.ts';
import type { IntegerKernels } from '../../engine/devices/integer-kernels.ts';
import { openDataset } from '../data/dataset.ts';
import { prepareGolden } from '../golden/prepare-golden.ts';
import type { WorkloadArtifact } from '../workload-record.ts';
import type { WorkloadSource } from '../workload-source.ts';
import { splitSamples } from './split-samples.ts';
import { cachedVariant, type Variant } from './variant-cache.ts';
import type { VariantRecord } from './variant-job.ts';

export type VariantPrecision = VariantRecord['precision'];

export interface VariantOptions {
  readonly precisions: readonly VariantPrecision[];
  /** Batch size that the model fixes, or `free`. */
  readonly batch: 'free' | number;
  readonly kernels: IntegerKernels;
  /** What each variant must hold; empty: the default for the data. */
  readonly floors: readonly QualityFloor[];
  /** Time of one fp32 sample, which bounds how many are evaluated. */
  readonly sampleMs: number;
  readonly threads: number;
  readonly cacheFolder: string;
  readonly signal: AbortSignal;
  readonly onProgress: (message: string) => void;
}

export interface BuiltVariants {
  readonly artifacts: readonly WorkloadArtifact[];
  readonly notes: readonly string[];
  /** Labelled samples that no calibration has seen; a trial may score those. */
  readonly unseen: number;
}

const BUILD_TIMEOUT_MS = 3_600_000;
/** Evaluating one variant may take about this long. */
const EVALUATION_MS = 20_000;
const LEAST_EVALUATED = 100;
/** A variant whose products mostly stay in floating point is no other arm. */
const LEAST_INTEGER_SHARE = 0.5;
const INT4_BLOCK_SIZE = 32;

/** With labels one point of accuracy may be lost; without, outputs must stay this close. */
export function defaultFloors(labelled: boolean): readonly QualityFloor[] {
  return labelled ? [{ kind: 'accuracy-loss', value: 0.01 }] : [{ kind: 'cosine', value: 0.99 }];
}

/**
 * Makes the variants of a workload, each gated on quality once and kept. One that
 * cannot be had (it misses its floor, has nothing to quantize, crashes) is left
 * out with a note.
 */
export async function buildVariants(
  source: WorkloadSource,
  options: VariantOptions,
): Promise<BuiltVariants> {
  const artifacts: WorkloadArtifact[] = [];
  const notes: string[] = [];
  let unseen = source.labelled;
  if (options.precisions.length === 0) return { artifacts, notes, unseen };
  const dataKey = await keyOfData(source);
  for (const precision of options.precisions) {
    options.onProgress(`making the ${precision} variant`);
    try {
      const samples = await samplesOf(source, precision, options);
      const variant = await build(source, { precision, samples, dataKey }, options);
      const note = noteOf(precision, variant);
      notes.push(note.text);
      if (!note.isUsed) continue;
      artifacts.push(await toArtifact(source, { precision, variant }, options));
      unseen = Math.min(unseen, samples.unseen);
    } catch (thrown) {
      options.signal.throwIfAborted();
      // The model is the run's own: its path says nothing new.
      const why = messageOf(thrown).replace(`${source.modelPath}: `, '');
      notes.push(`${precision} is left out: ${why}`);
    }
  }
  return { artifacts, notes, unseen };
}

async function samplesOf(
  source: WorkloadSource,
  precision: VariantPrecision,
  options: VariantOptions,
): Promise<ReturnType<typeof splitSamples>> {
  const own = source.calibrationFolder;
  const most = Math.max(LEAST_EVALUATED, Math.floor(EVALUATION_MS / options.sampleMs));
  return splitSamples({
    datasetFolder: source.datasetFolder,
    count: source.samples,
    batch: options.batch,
    calibration: own === null ? null : { folder: own, count: await countSamples(own) },
    needsCalibration: precision === 'int8-static',
    mostEvaluated: most,
  });
}

async function countSamples(folder: string): Promise<number> {
  const dataset = await openDataset(folder);
  await dataset.close();
  return dataset.count;
}

function build(
  source: WorkloadSource,
  what: {
    readonly precision: VariantPrecision;
    readonly samples: ReturnType<typeof splitSamples>;
    readonly dataKey: string;
  },
  options: VariantOptions,
): Promise<Variant> {
  const { precision, samples, dataKey } = what;
  const { cacheFolder, signal, onProgress, floors, threads, kernels } = options;
  return cachedVariant(
    {
      calibration: samples.calibration === null ? [] : [samples.calibration],
      evaluation: [...samples.evaluation],
      job: {
        modelPath: source.modelPath,
        precision,
        method: 'auto',
        ...kernels,
        int4BlockSize: INT4_BLOCK_SIZE,
        floors: [...(floors.length > 0 ? floors : defaultFloors(source.labelled > 0))],
        threads,
      },
    },
    {
      cacheFolder,
      dataKey,
      signal,
      timeoutMs: BUILD_TIMEOUT_MS,
      onProgress: (text) => onProgress(`${precision}: ${text}`),
    },
  );
}

function noteOf(
  precision: VariantPrecision,
  { report }: Variant,
): { readonly text: string; readonly isUsed: boolean } {
  const share = `${formatPercent(report.integerShare)} of the products in integer kernels`;
  if (precision !== 'fp16' && report.integerShare < LEAST_INTEGER_SHARE) {
    return { isUsed: false, text: `${precision} is left out: only ${share}` };
  }
  const kept = report.kept.length === 0 ? '' : `, ${report.kept.length} nodes kept in fp32`;
  const quality = report.quality.map((set) => `${qualityText(set)} at ${set.set}`).join(', ');
  return { isUsed: true, text: `${precision}: ${quality}; ${share}${kept}` };
}

function qualityText(quality: VariantRecord['quality'][number]): string {
  if (quality.accuracy !== null && quality.originalAccuracy !== null) {
    return `accuracy ${formatPercent(quality.accuracy)} (fp32 ${formatPercent(quality.originalAccuracy)})`;
  }
  return `cosine ${formatNumber(quality.cosine)}`;
}

async function toArtifact(
  source: WorkloadSource,
  made: { readonly precision: VariantPrecision; readonly variant: Variant },
  options: VariantOptions,
): Promise<WorkloadArtifact> {
  const { path, sha256: digest, report } = made.variant;
  const golden = await prepareGolden(
    { ...source, modelPath: path, sha256: digest, batch: options.batch },
    options,
  );
  return {
    precision: made.precision,
    passes: 'clean',
    path,
    sha256: digest,
    nodes: report.quantized,
    golden: golden.folder,
    variant: report,
  };
}

/** Of the content: the same samples elsewhere are the same data. */
async function keyOfData({ datasetFolder, calibrationFolder }: WorkloadSource): Promise<string> {
  const folders = [datasetFolder, ...(calibrationFolder === null ? [] : [calibrationFolder])];
  const parts: string[] = [];
  for (const folder of folders) {
    parts.push(await readFile(join(folder, 'dataset.json'), 'utf8'));
    for (const name of (await readdir(folder)).sort()) {
      parts.push(name, await sha256OfFile(join(folder, name)));
    }
  }
  return sha256(parts.join('\n'));
}
