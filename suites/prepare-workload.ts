import { rm, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { UsageError, UserError } from '../engine/base/errors.ts';
import { sha256, sha256OfFile } from '../engine/base/files.ts';
import { describeModel } from '../engine/graph/describe.ts';
import { inputHints } from '../engine/graph/input-hints.ts';
import { readModelFile } from '../engine/graph/read.ts';
import { buildArtifacts } from './build-artifacts.ts';
import { openDataset, writeDataset, type DatasetInput } from './data/dataset.ts';
import { resolveInputs, type ResolvedInputs } from './data/model-inputs.ts';
import { matchNpz, shapesOf } from './data/npz-data.ts';
import { readNpz, type NpyArray } from './data/npz.ts';
import { createRandomData } from './data/random-data.ts';
import { prepareGolden } from './golden/prepare-golden.ts';
import { probeWorkload, type ProbeTrial } from './probe-workload.ts';
import { findSuite, SUITES } from './registry.ts';
import type { Suite } from './suite.ts';
import type { WorkloadRecord } from './workload-record.ts';
import type { WorkloadSource } from './workload-source.ts';

export interface WorkloadOptions {
  /** A suite's name or a model's path. */
  readonly target: string;
  /** A `.npz` of inputs by name, or null for random inputs. */
  readonly dataPath: string | null;
  /** Sizes of symbolic dimensions. */
  readonly dims: Readonly<Record<string, number>>;
  readonly seed: number;
  /** Where suites and prepared data are kept between runs. */
  readonly cacheFolder: string;
  readonly signal: AbortSignal;
  readonly onProgress: (message: string) => void;
  /** Whether something that was asked for needs labels. */
  readonly needsLabels: boolean;
  /** Pipelines of passes whose result is built too, beside the model itself. */
  readonly pipelines: readonly ('clean' | 'all')[];
  /** Runs one short trial, to see whether the model runs at all. */
  readonly probe: ProbeTrial;
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
  if (options.needsLabels && source.labelled === 0) {
    throw new UsageError('--min-accuracy needs labels, and the data has none', {
      remedy: 'give --data with an array __labels, one class index per sample',
    });
  }
  options.onProgress('checking that the model runs');
  const probed = await probeWorkload(source, options.probe);
  const { size } = await stat(source.modelPath);
  const digest = await sha256OfFile(source.modelPath);
  const { batch } = probed;
  const golden = await prepareGolden({ ...source, sha256: digest, batch }, options);
  const { artifacts, notes } = await buildArtifacts(source, { ...options, batch, sha256: digest });
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
    golden: golden.folder === null ? null : resolve(golden.folder),
    dims: { ...source.dims },
    batch,
    evaluationCount: probed.evaluationCount,
    scenario: 'closed-loop',
    seed: options.seed,
    artifacts: artifacts.map((one) => ({ ...one, path: resolve(one.path) })),
    notes: [
      ...source.notes,
      ...probed.notes,
      ...(golden.note === null ? [] : [golden.note]),
      ...notes,
    ],
  };
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
    data: { kind: 'suite', description: built.dataDescription },
    dims: {},
    batch: 'free',
    labelled: await labelledSamples(built.datasetFolder),
    notes: built.notes,
  };
}

async function labelledSamples(datasetFolder: string): Promise<number> {
  const dataset = await openDataset(datasetFolder);
  await dataset.close();
  return dataset.labels === null ? 0 : dataset.count;
}

async function prepareModel(options: WorkloadOptions): Promise<WorkloadSource> {
  await checkTarget(options.target);
  const model = await readModelFile(options.target);
  const arrays = options.dataPath === null ? null : await readNpz(options.dataPath);
  const resolved = resolveInputs(describeModel(model), {
    dims: options.dims,
    data: arrays === null ? null : shapesOf(arrays),
  });
  const prepared =
    arrays === null || options.dataPath === null
      ? randomSource(resolved, inputHints(model), options)
      : await npzSource(resolved, { arrays, path: options.dataPath }, options);
  return {
    modelPath: options.target,
    dims: resolved.dims,
    batch: resolved.batch,
    notes: [],
    ...(await keepDataset(prepared, options.cacheFolder)),
  };
}

async function checkTarget(target: string): Promise<void> {
  const found = await stat(target).catch(() => null);
  if (found?.isFile() === true) return;
  const suites = SUITES.map((suite) => suite.name).join(', ');
  const what =
    found === null
      ? `there is no file '${target}'${target.endsWith('.onnx') ? '' : ', and no suite of that name'}`
      : `'${target}' is not a file`;
  throw new UserError(what, {
    remedy: `give the path of an .onnx file, or a suite: ${suites}`,
  });
}

/** Data that is not on disk yet, and the key that it is kept under. */
interface UnkeptData {
  readonly key: string;
  readonly data: WorkloadRecord['data'];
  readonly content: {
    readonly count: number;
    readonly inputs: readonly DatasetInput[];
    readonly labels: Int32Array | null;
  };
}

function randomSource(
  resolved: ResolvedInputs,
  hints: ReturnType<typeof inputHints>,
  options: WorkloadOptions,
): UnkeptData {
  const random = createRandomData(resolved.inputs, hints, options.seed);
  const identity = {
    inputs: resolved.inputs,
    hints,
    seed: options.seed,
    recipe: random.description,
  };
  return {
    key: sha256(JSON.stringify(identity)),
    data: { kind: 'random', description: `seeded random inputs: ${random.description}` },
    content: { count: random.count, inputs: random.inputs, labels: null },
  };
}

async function npzSource(
  resolved: ResolvedInputs,
  file: { readonly arrays: ReadonlyMap<string, NpyArray>; readonly path: string },
  options: WorkloadOptions,
): Promise<UnkeptData> {
  options.onProgress('preparing the data');
  const content = matchNpz(file.arrays, resolved.inputs, file.path);
  const samples = content.labels === null ? 'samples' : 'labelled samples';
  return {
    key: sha256(JSON.stringify({ inputs: resolved.inputs, file: await sha256OfFile(file.path) })),
    data: {
      kind: 'file',
      path: resolve(file.path),
      description: `${content.count} ${samples} from ${basename(file.path)}`,
    },
    content,
  };
}

async function keepDataset(
  source: UnkeptData,
  cacheFolder: string,
): Promise<Pick<WorkloadSource, 'datasetFolder' | 'data' | 'labelled'>> {
  const datasetFolder = join(cacheFolder, 'data', source.key.slice(0, 24));
  if ((await stat(datasetFolder).catch(() => null)) === null) {
    await writeDataset(datasetFolder, source.content);
  } else if (!(await isIntact(datasetFolder))) {
    await rm(datasetFolder, { recursive: true, force: true });
    await writeDataset(datasetFolder, source.content);
  }
  const labelled = source.content.labels === null ? 0 : source.content.count;
  return { datasetFolder, data: source.data, labelled };
}

async function isIntact(datasetFolder: string): Promise<boolean> {
  try {
    const dataset = await openDataset(datasetFolder);
    await dataset.close();
    return true;
  } catch {
    // It is made again from its source, which is the better cure than a message.
    return false;
  }
}
