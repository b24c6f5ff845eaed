import { rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UserError } from '../base/errors.ts';
import { describeModel } from '../graph/describe.ts';
import { optimizeModel, type OptimizedModel, type PassSummary } from '../graph/optimize.ts';
import type { OnnxModel } from '../graph/model.ts';
import type { Pass } from '../graph/passes/pass.ts';
import { selectPasses, type PassSwitches, type Pipeline } from '../graph/passes/registry.ts';
import { loadModel, saveModel } from '../graph/model-file.ts';
import type { Tensors } from '../runtime/tensor.ts';
import { compareModels, type ModelDifference } from './compare-models.ts';
import { runtimeEvaluator } from './evaluator.ts';

export interface ArtifactJob {
  readonly modelPath: string;
  /** Where the rewritten model goes; whole or not at all. */
  readonly outPath: string;
  readonly pipeline: Pipeline;
  readonly switches: PassSwitches;
  readonly provider: string;
  /** Inputs to compare on; those that the original refuses are left out. */
  readonly samples: readonly Tensors[];
}

export interface ArtifactReport {
  readonly nodesBefore: number;
  readonly nodesAfter: number;
  /** Nodes by operator. */
  readonly operatorsBefore: Readonly<Record<string, number>>;
  readonly operatorsAfter: Readonly<Record<string, number>>;
  readonly sizeBytesBefore: number;
  readonly sizeBytesAfter: number;
  readonly passes: readonly PassSummary[];
  /** Largest difference to the original over the largest output. */
  readonly difference: number;
  /** Samples that were compared, of those given. */
  readonly compared: { readonly samples: number; readonly of: number };
}

/** For fp32: the most that a rewrite may change, over the largest output. */
const FP32_TOLERANCE = 1e-4;

/**
 * Rewrites a model, runs original and rewritten on the samples, and keeps the
 * result only if they agree; otherwise throws a UserError that names the pass
 * that broke it, and leaves no file.
 */
export async function buildArtifact(
  job: ArtifactJob,
  onProgress: (text: string) => void = () => undefined,
  passes: readonly Pass[] = selectPasses(job.pipeline, job.provider, job.switches),
): Promise<ArtifactReport> {
  onProgress('reading the model');
  const original = await loadModel(job.modelPath);
  onProgress('rewriting the graph');
  const optimized = await rewrite(original, passes, job);
  // A folder of its own: external data is named after the model.
  const folder = `${job.outPath}.${process.pid}.tmp`;
  const temporary = join(folder, basename(job.outPath));
  try {
    const files = await saveModel(temporary, optimized.model);
    onProgress('comparing with the original');
    const { difference, compared } = await compareOnSamples(job, temporary);
    if (isTooFar(difference)) throw await blame(original, passes, { job, difference, temporary });
    // The data first: a model that is there finds what it refers to.
    for (const file of [...files].reverse()) {
      await rename(file, join(dirname(job.outPath), basename(file)));
    }
    return {
      nodesBefore: optimized.nodesBefore,
      nodesAfter: optimized.nodesAfter,
      operatorsBefore: describeModel(original).operators,
      operatorsAfter: describeModel(optimized.model).operators,
      sizeBytesBefore: (await stat(job.modelPath)).size,
      sizeBytesAfter: (await stat(job.outPath)).size,
      passes: optimized.passes,
      difference: difference.relative,
      compared: { samples: compared, of: job.samples.length },
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function rewrite(
  original: OnnxModel,
  passes: readonly Pass[],
  job: ArtifactJob,
): Promise<OptimizedModel> {
  return optimizeModel(original, passes, {
    provider: job.provider,
    evaluate: runtimeEvaluator,
    source: job.modelPath,
  });
}

async function compareOnSamples(
  job: ArtifactJob,
  rewritten: string,
): Promise<{ readonly difference: ModelDifference; readonly compared: number }> {
  return compareModels({ original: job.modelPath, rewritten }, job.samples);
}

/** NaN is too far as well. */
function isTooFar(difference: ModelDifference): boolean {
  return difference.mismatch !== null || !(difference.relative <= FP32_TOLERANCE);
}

interface Failure {
  readonly job: ArtifactJob;
  readonly difference: ModelDifference;
  readonly temporary: string;
}

/** Adds one pass after the other until the outputs differ: that is the one. */
async function blame(
  original: OnnxModel,
  passes: readonly Pass[],
  { job, difference, temporary }: Failure,
): Promise<UserError> {
  for (let count = 1; count <= passes.length; count += 1) {
    const partial = await rewrite(original, passes.slice(0, count), job);
    await saveModel(temporary, partial.model);
    const found = (await compareOnSamples(job, temporary)).difference;
    if (isTooFar(found)) return refusal(job, found, passes[count - 1]?.name ?? '');
  }
  return refusal(job, difference, passes.map((pass) => pass.name).join(', '));
}

function refusal(job: ArtifactJob, difference: ModelDifference, pass: string): UserError {
  const what =
    difference.mismatch ??
    `the output '${difference.output ?? ''}' differs by ${difference.relative.toPrecision(2)} of its largest value, ${FP32_TOLERANCE} is allowed`;
  return new UserError(
    `${job.modelPath}: the pass '${pass}' changes what the model computes: ${what}; nothing is written`,
    {
      remedy: `leave it out with --passes ${job.pipeline},-${pass}, and report the model as a bug`,
    },
  );
}
