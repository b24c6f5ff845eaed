import { rm, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { UserError } from '../engine/base/errors.ts';
import { sha256, sha256OfFile } from '../engine/base/files.ts';
import { describeModel } from '../engine/graph/describe.ts';
import { inputHints } from '../engine/graph/input-hints.ts';
import { readModelFile } from '../engine/graph/read.ts';
import { openDataset, writeDataset, type DatasetInput } from './data/dataset.ts';
import { resolveInputs, type ResolvedInputs } from './data/model-inputs.ts';
import { matchNpz, shapesOf } from './data/npz-data.ts';
import { readNpz, type NpyArray } from './data/npz.ts';
import { createRandomData } from './data/random-data.ts';
import { SUITES } from './registry.ts';
import type { WorkloadRecord } from './workload-record.ts';
import type { WorkloadSource } from './workload-source.ts';

export interface ModelOptions {
  /** The path of an .onnx file. */
  readonly target: string;
  /** A `.npz` of inputs by name, or null for random inputs. */
  readonly dataPath: string | null;
  /** Sizes of symbolic dimensions. */
  readonly dims: Readonly<Record<string, number>>;
  readonly seed: number;
  /** Where prepared data is kept between runs. */
  readonly cacheFolder: string;
  readonly onProgress: (message: string) => void;
}

/**
 * Reads a model, settles its inputs and keeps its data as a dataset. Throws
 * UserError for a model, data or sizes that do not fit together.
 */
export async function prepareModel(options: ModelOptions): Promise<WorkloadSource> {
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
    calibrationFolder: null,
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
  options: ModelOptions,
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
  options: ModelOptions,
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
): Promise<Pick<WorkloadSource, 'datasetFolder' | 'data' | 'samples' | 'labelled'>> {
  const datasetFolder = join(cacheFolder, 'data', source.key.slice(0, 24));
  if ((await stat(datasetFolder).catch(() => null)) === null) {
    await writeDataset(datasetFolder, source.content);
  } else if (!(await isIntact(datasetFolder))) {
    await rm(datasetFolder, { recursive: true, force: true });
    await writeDataset(datasetFolder, source.content);
  }
  const { count: samples, labels } = source.content;
  return { datasetFolder, data: source.data, samples, labelled: labels === null ? 0 : samples };
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
