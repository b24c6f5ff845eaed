import { cachedArtifact } from '../engine/artifacts/artifact-cache.ts';
import { messageOf } from '../engine/base/errors.ts';
import { describeModel } from '../engine/graph/describe.ts';
import { inputHints } from '../engine/graph/input-hints.ts';
import { readModelFile } from '../engine/graph/read.ts';
import type { Tensors } from '../engine/runtime/tensor.ts';
import { comparisonSamples } from './data/comparison-samples.ts';
import { openDataset } from './data/dataset.ts';
import type { WorkloadArtifact } from './workload-record.ts';
import type { WorkloadSource } from './workload-source.ts';

export interface ArtifactOptions {
  readonly pipelines: readonly ('clean' | 'all')[];
  /** Batch size that the model fixes, or `free`. */
  readonly batch: 'free' | number;
  readonly sha256: string;
  /** Reference outputs of the original: its rewrites must give the same. */
  readonly golden: string | null;
  readonly seed: number;
  readonly cacheFolder: string;
  readonly signal: AbortSignal;
  readonly onProgress: (message: string) => void;
}

const BUILD_TIMEOUT_MS = 600_000;

/**
 * Builds the model as each pipeline leaves it, before anything is measured. A
 * pipeline that cannot be had (its result disagrees, it crashes) is left out with
 * a note; one that gives the same file as an earlier one is no arm of its own.
 */
export async function buildArtifacts(
  source: WorkloadSource,
  options: ArtifactOptions,
): Promise<{ readonly artifacts: WorkloadArtifact[]; readonly notes: string[] }> {
  const model = await readModelFile(source.modelPath);
  const { nodeCount } = describeModel(model);
  const { modelPath: path } = source;
  const fp32 = { precision: 'fp32', golden: options.golden, variant: null } as const;
  const artifacts: WorkloadArtifact[] = [
    { ...fp32, passes: 'none', path, sha256: options.sha256, nodes: nodeCount },
  ];
  const notes: string[] = [];
  if (options.pipelines.length === 0) return { artifacts, notes };
  const samples = await samplesFor(source, model, options);
  for (const passes of options.pipelines) {
    options.onProgress(`rewriting the graph: ${passes}`);
    try {
      const job = { modelPath: path, pipeline: passes, provider: 'cpu', samples };
      const { cacheFolder, signal } = options;
      const built = await cachedArtifact(
        { ...job, switches: { on: [], off: [] } },
        { cacheFolder, signal, timeoutMs: BUILD_TIMEOUT_MS },
      );
      if (artifacts.some((one) => one.sha256 === built.sha256)) continue;
      const nodes = built.report.nodesAfter;
      artifacts.push({ ...fp32, passes, path: built.path, sha256: built.sha256, nodes });
    } catch (thrown) {
      options.signal.throwIfAborted();
      notes.push(`the passes '${passes}' are left out: ${messageOf(thrown)}`);
    }
  }
  return { artifacts, notes };
}

/** The run's own data at two batch sizes, and invented inputs at other sizes of open dimensions. */
async function samplesFor(
  source: WorkloadSource,
  model: Awaited<ReturnType<typeof readModelFile>>,
  options: ArtifactOptions,
): Promise<readonly Tensors[]> {
  const dataset = await openDataset(source.datasetFolder);
  try {
    const batches = options.batch === 'free' ? [1, 2] : [options.batch];
    const own: Tensors[] = [];
    for (const rows of batches) own.push(await dataset.read(0, rows));
    if (Object.keys(source.dims).length === 0) return own;
    const invented = comparisonSamples(describeModel(model), {
      dims: {},
      data: null,
      hints: inputHints(model),
      seed: options.seed,
    });
    return [...own, ...invented];
  } finally {
    await dataset.close();
  }
}
