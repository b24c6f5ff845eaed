import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { QualityFloor } from '../engine/artifacts/quantization/quality.ts';
import type { IntegerKernels } from '../engine/devices/integer-kernels.ts';
import type { GraphLevel } from '../engine/runtime/engine-config.ts';
import { UsageError } from '../engine/base/errors.ts';
import { sha256OfFile } from '../engine/base/files.ts';
import { buildArtifacts } from './build-artifacts.ts';
import { openDataset } from './data/dataset.ts';
import { checkLabelled } from './data/sample-checks.ts';
import { prepareGolden } from './golden/prepare-golden.ts';
import { observeArtifacts } from './observe-artifacts.ts';
import { probeWorkload, type ProbeTrial } from './probe-workload.ts';
import { findSuite } from './registry.ts';
import { prepareModel, type ModelOptions } from './prepare-model.ts';
import type { Suite } from './suite.ts';
import { buildVariants, type VariantPrecision } from './quantization/build-variants.ts';
import type { WorkloadArtifact, WorkloadRecord } from './workload-record.ts';
import type { WorkloadSource } from './workload-source.ts';

export interface WorkloadOptions extends ModelOptions {
  /** A suite's name or a model's path. */
  readonly target: string;
  readonly signal: AbortSignal;
  /** Whether something that was asked for needs labels. */
  readonly needsLabels: boolean;
  /** Pipelines of passes whose result is built too, beside the model itself. */
  readonly pipelines: readonly ('clean' | 'all')[];
  /** Variants that are made too, where they hold their floors. */
  readonly precisions: readonly VariantPrecision[];
  readonly kernels: IntegerKernels;
  readonly floors: readonly QualityFloor[];
  /** Cores that making variants may use. */
  readonly threads: number;
  /** Runs one short trial, to see whether the model runs at all. */
  readonly probe: ProbeTrial;
  /** Graph levels at which the memory of sessions is observed; default none. */
  readonly memoryLevels?: readonly GraphLevel[];
}

/**
 * Turns a target into a workload that is known to run: the suite built, or the
 * model read, its inputs settled and its data prepared; then tried in a process
 * of its own. Throws UserError before anything is measured.
 */
export async function prepareWorkload(options: WorkloadOptions): Promise<WorkloadRecord> {
  const suite = findSuite(options.target);
  const source =
    suite === undefined ? await prepareModel(options) : await prepareSuite(suite, options);
  if (options.needsLabels) checkLabelled(source.labelled > 0);
  options.onProgress('checking that the model runs');
  const probed = await probeWorkload(source, options.probe);
  const { size } = await stat(source.modelPath);
  const digest = await sha256OfFile(source.modelPath);
  const { batch } = probed;
  const golden = await prepareGolden({ ...source, sha256: digest, batch }, options);
  const reference = golden.folder === null ? null : resolve(golden.folder);
  const { artifacts, notes } = await buildArtifacts(source, {
    ...options,
    batch,
    sha256: digest,
    golden: reference,
  });
  const variants = await buildVariants(source, { ...options, ...probed });
  const observed = await observeArtifacts([...artifacts, ...variants.artifacts], {
    ...options,
    datasetFolder: source.datasetFolder,
    batch,
    graphLevels: options.memoryLevels ?? [],
  });
  return {
    target: options.target,
    suite: suite?.name ?? null,
    model: {
      name: suite?.name ?? basename(source.modelPath),
      path: resolve(source.modelPath),
      sha256: digest,
      sizeBytes: size,
    },
    data: source.data,
    dataset: resolve(source.datasetFolder),
    dims: { ...source.dims },
    batch,
    // What calibrated a variant must not judge it, nor flatter it beside the others.
    evaluationCount: Math.min(probed.evaluationCount, variants.unseen),
    scenario: 'closed-loop',
    seed: options.seed,
    runtimeBytes: probed.runtimeBytes,
    artifacts: observed.artifacts.map(absolute),
    notes: [
      ...source.notes,
      ...probed.notes,
      ...(golden.note === null ? [] : [golden.note]),
      ...notes,
      ...variants.notes,
      ...observed.notes,
    ],
  };
}

function absolute(artifact: WorkloadArtifact): WorkloadArtifact {
  const { path, golden } = artifact;
  return { ...artifact, path: resolve(path), golden: golden === null ? null : resolve(golden) };
}

async function prepareSuite(suite: Suite, options: WorkloadOptions): Promise<WorkloadSource> {
  if (options.dataPath !== null) {
    throw new UsageError(`--data: the suite '${suite.name}' brings its own data`, {
      remedy: 'leave --data out, or give a model',
    });
  }
  const [dim] = Object.keys(options.dims);
  if (dim !== undefined) {
    throw new UsageError(`--dim ${dim}: the suite '${suite.name}' has no open dimension`, {
      remedy: 'leave --dim out, or give a model',
    });
  }
  const built = await suite.build({
    folder: join(options.cacheFolder, 'suites'),
    signal: options.signal,
    onProgress: options.onProgress,
  });
  return {
    modelPath: built.modelPath,
    datasetFolder: built.datasetFolder,
    calibrationFolder: built.calibrationFolder,
    data: { kind: 'suite', description: built.dataDescription },
    dims: {},
    batch: 'free',
    ...(await countSamples(built.datasetFolder)),
    notes: built.notes,
  };
}

async function countSamples(
  datasetFolder: string,
): Promise<Pick<WorkloadSource, 'samples' | 'labelled'>> {
  const dataset = await openDataset(datasetFolder);
  await dataset.close();
  const { count: samples, labels } = dataset;
  return { samples, labelled: labels === null ? 0 : samples };
}
