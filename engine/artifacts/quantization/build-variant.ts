import { mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UserError } from '../../base/errors.ts';
import type { IrModel } from '../../graph/ir/import-model.ts';
import type { OnnxModel } from '../../graph/model.ts';
import { loadModel } from '../../graph/model-file.ts';
import { optimizeModel } from '../../graph/optimize.ts';
import { basePasses } from '../../graph/quantization/base-passes.ts';
import { toInt8Dynamic } from '../../graph/quantization/dynamic.ts';
import { toFp16 } from '../../graph/quantization/fp16.ts';
import { toInt4Weights } from '../../graph/quantization/int4.ts';
import type { QuantizationSummary } from '../../graph/quantization/summary.ts';
import { runtimeEvaluator } from '../evaluator.ts';
import { openForEvaluation, type SetQuality } from './evaluate-variant.ts';
import { belowFloor, staticVariant, type CalibrationCost } from './static-variant.ts';
import {
  VariantWorkshop,
  type Evaluated,
  type MethodName,
  type Precision,
  type VariantData,
  type VariantJob,
} from './variant-workshop.ts';

export interface VariantReport {
  readonly precision: Precision;
  readonly method: MethodName | null;
  /** Null where no activations had to be observed. */
  readonly calibration: CalibrationCost | null;
  readonly quantized: number;
  /** Nodes that stay in floating point so that the floors hold, the most sensitive first. */
  readonly kept: readonly string[];
  readonly skipped: QuantizationSummary['skipped'];
  readonly quality: readonly SetQuality[];
  /** Share of the time of all products that integer kernels take, 0 to 1. */
  readonly integerShare: number;
  readonly sizeBytesBefore: number;
  readonly sizeBytesAfter: number;
}

/**
 * Makes one variant of a model in another precision, from the model as the passes
 * that are the base of that precision leave it. Where a floor is given and missed, nodes go back to
 * floating point, the most sensitive first, until it holds. Throws UserError when
 * it cannot: nothing is written then.
 */
export async function buildVariant(
  job: VariantJob,
  data: VariantData,
  onProgress: (text: string) => void = () => undefined,
): Promise<VariantReport> {
  const folder = await mkdtemp(`${job.outPath}.`);
  try {
    onProgress('reading and cleaning the model');
    const cleaned = await cleanModel(job);
    const original = await openForEvaluation(job.modelPath, job.threads);
    try {
      return await build(new VariantWorkshop(job, data, { cleaned, original, folder, onProgress }));
    } finally {
      await original.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function build(workshop: VariantWorkshop): Promise<VariantReport> {
  const { job } = workshop;
  const { candidate, quality, calibration } =
    job.precision === 'int8-static'
      ? await staticVariant(workshop)
      : { ...(await weightVariant(workshop)), calibration: null };
  const { summary, method, kept, files } = candidate;
  if (summary.quantized === 0) throw nothingToDo(job, summary);
  const share = await workshop.profile(candidate);
  // The data first: a model that is there finds what it refers to.
  for (const file of [...files].reverse()) {
    await rename(file, join(dirname(job.outPath), basename(file)));
  }
  return {
    precision: job.precision,
    method,
    calibration,
    quantized: summary.quantized,
    kept,
    skipped: summary.skipped,
    quality,
    integerShare: share,
    sizeBytesBefore: (await stat(job.modelPath)).size,
    sizeBytesAfter: (await stat(job.outPath)).size,
  };
}

/** A variant whose activations need not be known. */
async function weightVariant(workshop: VariantWorkshop): Promise<Evaluated> {
  const candidate = await workshop.make({ method: null, kept: [] }, (model) =>
    rewriteWeights(model, workshop.job),
  );
  const quality = await workshop.evaluate(candidate);
  if (!workshop.holds(quality)) throw belowFloor(workshop.job, quality, 0);
  return { candidate, quality };
}

function rewriteWeights(model: IrModel, job: VariantJob): QuantizationSummary {
  switch (job.precision) {
    case 'int8-dynamic':
      return toInt8Dynamic(model, { weightBits: job.weightBits });
    case 'int4-weights':
      return toInt4Weights(model, { blockSize: job.int4BlockSize });
    case 'fp16':
      return toFp16(model);
    case 'int8-static':
      throw new Error('int8-static is made elsewhere');
  }
}

/** What a model is without, of which nothing can be made. */
const NOTHING: Readonly<Record<Precision, string>> = {
  fp16: 'it has no float32 tensor of 1024 elements or more',
  'int8-static': 'it has no Conv, Gemm or MatMul with constant weights',
  'int8-dynamic': 'it has no Gemm or MatMul with constant weights',
  'int4-weights': 'it has no Gemm or MatMul with constant weights',
};

function nothingToDo(job: VariantJob, { skipped }: QuantizationSummary): UserError {
  const [first] = skipped;
  const why = first?.reason ?? NOTHING[job.precision];
  return new UserError(`${job.modelPath}: nothing to make ${job.precision}: ${why}`);
}

async function cleanModel({ modelPath, precision }: VariantJob): Promise<OnnxModel> {
  const context = { provider: 'cpu', evaluate: runtimeEvaluator, source: modelPath };
  const { model } = await optimizeModel(await loadModel(modelPath), basePasses(precision), context);
  return model;
}
