import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { UsageError, UserError } from '../../engine/base/errors.ts';
import { sha256 } from '../../engine/base/files.ts';
import { ModelBuilder } from '../../engine/graph/builder.ts';
import { writeModel } from '../../engine/graph/write.ts';
import { defaultEngineConfig } from '../../engine/runtime/engine-config.ts';
import type { Tensors } from '../../engine/runtime/tensor.ts';
import { openDataset } from '../../suites/data/dataset.ts';
import { prepareWorkload, type WorkloadOptions } from '../../suites/prepare-workload.ts';
import type { Suite, SuiteBuildOptions } from '../../suites/suite.ts';
import {
  sessionFactsOf,
  workloadRecordSchema,
  type WorkloadRecord,
} from '../../suites/workload-record.ts';
import { completedIn, fakeProbe } from '../support/fake-probe.ts';
import { npyOf, writeNpz } from '../support/npz.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { writeLinearDataset, writeLinearModel } from '../support/tiny-models.ts';

const registry = vi.hoisted(() => ({ suites: [] as Suite[] }));
vi.mock('../../suites/registry.ts', () => ({
  SUITES: [{ name: 'inspection' }],
  findSuite: (name: string) => registry.suites.find((suite) => suite.name === name),
}));

interface Place {
  readonly folder: string;
  readonly cacheFolder: string;
}

function place(): Place {
  const folder = temporaryFolder();
  return { folder, cacheFolder: join(folder, 'cache') };
}

/** Prepares with a probe that completes, unless another is given. */
function prepare(
  { cacheFolder }: Place,
  target: string,
  changes: Partial<WorkloadOptions> = {},
): Promise<WorkloadRecord> {
  return prepareWorkload({
    target,
    dataPath: null,
    needsLabels: false,
    pipelines: [],
    precisions: [],
    floors: [],
    kernels: { activations: 'uint8', weightBits: 8 },
    threads: 1,
    dims: {},
    seed: 3,
    cacheFolder,
    signal: new AbortController().signal,
    onProgress: () => undefined,
    probe: fakeProbe(completedIn(1)).probe,
    ...changes,
  });
}

async function readSamples(workload: WorkloadRecord, rows: number): Promise<Tensors> {
  const dataset = await openDataset(workload.dataset);
  const feeds = await dataset.read(0, rows);
  await dataset.close();
  return feeds;
}

/** ids [N, seq] of int64 look up a table of 10 rows; mask [N, seq] is compared. */
function writeTextModel(folder: string): string {
  const builder = new ModelBuilder({ name: 'text', opset: 17 });
  const ids = builder.input('ids', 'int64', ['N', 'seq']);
  const mask = builder.input('attention_mask', 'int64', ['N', 'seq']);
  const table = { type: 'float32', dims: [10, 4], data: new Float32Array(40) } as const;
  builder.node('Gather', [builder.initializer('table', table), ids], { outputs: ['y'] });
  builder.node('Equal', [mask, mask], { outputs: ['z'] });
  builder.output('y', 'float32', ['N', 'seq', 4]);
  builder.output('z', 'bool', ['N', 'seq']);
  const path = join(folder, 'text.onnx');
  writeFileSync(path, writeModel(builder.build()));
  return path;
}

function writeData(folder: string, arrays: Readonly<Record<string, Uint8Array>>): string {
  const path = join(folder, 'data.npz');
  writeFileSync(path, writeNpz(arrays));
  return path;
}

describe('a model without data', () => {
  it('becomes a workload with seeded random inputs', async () => {
    const at = place();
    const model = writeLinearModel(at.folder);
    const messages: string[] = [];
    const { probe, requests } = fakeProbe(completedIn(1));
    const workload = await prepare(at, model, {
      probe,
      onProgress: (message) => messages.push(message),
    });
    const bytes = readFileSync(model);
    expect(workloadRecordSchema.parse(workload)).toEqual(workload);
    expect(workload).toEqual({
      artifacts: [
        {
          precision: 'fp32',
          passes: 'none',
          path: model,
          sha256: sha256(bytes),
          nodes: 1,
          golden: expect.stringContaining('golden') as string,
          variant: null,
        },
      ],
      target: model,
      suite: null,
      model: {
        name: 'linear.onnx',
        path: resolve(model),
        sha256: sha256(bytes),
        sizeBytes: bytes.byteLength,
      },
      data: { kind: 'random', description: 'seeded random inputs: x standard normal' },
      dataset: workload.dataset,
      dims: {},
      batch: 'free',
      evaluationCount: 0,
      scenario: 'closed-loop',
      seed: 3,
      runtimeBytes: 100e6,
      notes: [],
    });
    expect(messages).toEqual(['checking that the model runs']);
    expect(requests).toMatchObject([
      { modelPath: model, datasetFolder: workload.dataset, batchSize: 1 },
      { modelPath: model, datasetFolder: workload.dataset, batchSize: 2 },
    ]);
    expect((await readSamples(workload, 5))['x']).toMatchObject({ type: 'float32', dims: [5, 2] });
  });

  it('gets the facts of its sessions at the levels that are asked for', async () => {
    const at = place();
    const model = writeLinearModel(at.folder);
    const workload = await prepare(at, model, { memoryLevels: ['basic', 'all'] });
    expect(workloadRecordSchema.parse(workload)).toEqual(workload);
    const [artifact] = workload.artifacts;
    expect(artifact?.sessions).toMatchObject([
      { graphLevel: 'basic', facts: { batches: [1, 2], nodes: 1 } },
      { graphLevel: 'all', facts: { batches: [1, 2], nodes: 1 } },
    ]);
    expect(sessionFactsOf(workload, defaultEngineConfig(1))).toBe(artifact?.sessions?.[1]?.facts);
    expect(
      sessionFactsOf(workload, { ...defaultEngineConfig(1), graphLevel: 'disabled' }),
    ).toBeUndefined();
  });

  it('gets integers that the graph accepts, in the sizes that were given', async () => {
    const at = place();
    const workload = await prepare(at, writeTextModel(at.folder), { dims: { seq: 32 } });
    expect(workload.dims).toEqual({ seq: 32 });
    expect(workload.data.description).toBe(
      'seeded random inputs: ids integers from 0 to 9; attention_mask all ones',
    );
    const feeds = await readSamples(workload, 64);
    expect(feeds['ids']?.dims).toEqual([64, 32]);
    const ids = new Set(Array.from((feeds['ids']?.data ?? []) as BigInt64Array, Number));
    expect([...ids].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(new Set(feeds['attention_mask']?.data as BigInt64Array)).toEqual(new Set([1n]));
  });

  it('finds the data of an earlier run again', async () => {
    const at = place();
    const model = writeLinearModel(at.folder);
    const first = await prepare(at, model);
    const before = statSync(join(first.dataset, 'dataset.json')).ino;
    const second = await prepare(at, model);
    expect(second.dataset).toBe(first.dataset);
    expect(statSync(join(first.dataset, 'dataset.json')).ino).toBe(before);
  });

  it('keeps the data of another seed or size apart', async () => {
    const at = place();
    const model = writeTextModel(at.folder);
    const workloads = [
      await prepare(at, model, { dims: { seq: 4 } }),
      await prepare(at, model, { dims: { seq: 4 }, seed: 4 }),
      await prepare(at, model, { dims: { seq: 5 } }),
    ];
    expect(new Set(workloads.map(({ dataset }) => dataset)).size).toBe(3);
  });

  it.each([
    [
      'a short file',
      (dataset: string) => {
        truncateSync(join(dataset, 'input-0.bin'), 3);
      },
    ],
    [
      'a header that is not JSON',
      (dataset: string) => {
        writeFileSync(join(dataset, 'dataset.json'), '{');
      },
    ],
  ])('makes the data again after damage: %s', async (_what, damage) => {
    const at = place();
    const model = writeLinearModel(at.folder);
    const { dataset } = await prepare(at, model);
    const right = readFileSync(join(dataset, 'input-0.bin'));
    damage(dataset);
    const again = await prepare(at, model);
    expect(again.dataset).toBe(dataset);
    expect(readFileSync(join(dataset, 'input-0.bin'))).toEqual(right);
    expect(readdirSync(join(dataset, '..'))).toHaveLength(1);
    expect((await readSamples(again, 1))['x']?.dims).toEqual([1, 2]);
  });

  it('has the batch that the model fixes', async () => {
    const at = place();
    const { probe, requests } = fakeProbe(completedIn(1));
    const workload = await prepare(at, writeLinearModel(at.folder, 4), { probe });
    expect(workload.batch).toBe(4);
    expect(requests.map(({ batchSize }) => batchSize)).toEqual([4]);
  });

  it('has the batch that was asked for, which is kept to be asked for again', async () => {
    const at = place();
    const workload = await prepare(at, writeLinearModel(at.folder), { dims: { N: 6 } });
    expect(workload).toMatchObject({ batch: 6, dims: { N: 6 } });
  });

  it('passes on what the probe found out', async () => {
    const at = place();
    const { probe } = fakeProbe(completedIn(1), { state: 'timeout', limitMs: 5000 });
    const workload = await prepare(at, writeLinearModel(at.folder), { probe });
    expect(workload.batch).toBe(1);
    expect(workload.notes).toEqual([expect.stringContaining('does not run at batch 2')]);
  });
});

describe('a model with data', () => {
  const x = npyOf(Float32Array.of(1, 2, 3, 4, 5, 6), [3, 2]);
  const labels = npyOf(BigInt64Array.of(2n, 0n, 1n), [3]);

  it('is driven by the samples of the file', async () => {
    const at = place();
    const dataPath = writeData(at.folder, { x });
    const messages: string[] = [];
    const workload = await prepare(at, writeLinearModel(at.folder), {
      dataPath,
      onProgress: (message) => messages.push(message),
    });
    expect(workload.data).toEqual({
      kind: 'file',
      path: dataPath,
      description: '3 samples from data.npz',
    });
    expect(workload.evaluationCount).toBe(0);
    expect(messages).toEqual(['preparing the data', 'checking that the model runs']);
    expect((await readSamples(workload, 3))['x']?.data).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6));
  });

  it('is scored on its labels', async () => {
    const at = place();
    const dataPath = writeData(at.folder, { x, __labels: labels });
    const { probe, requests } = fakeProbe(completedIn(1));
    const workload = await prepare(at, writeLinearModel(at.folder), { dataPath, probe });
    expect(workload.data.description).toBe('3 labelled samples from data.npz');
    expect(workload.evaluationCount).toBe(3);
    expect(requests[0]?.evaluationCount).toBe(1);
    const dataset = await openDataset(workload.dataset);
    expect(dataset.labels).toEqual(Int32Array.of(2, 0, 1));
    await dataset.close();
  });

  it('takes open sizes from the data', async () => {
    const at = place();
    const ids = npyOf(new BigInt64Array(2 * 7), [2, 7]);
    const dataPath = writeData(at.folder, { ids, attention_mask: ids });
    const workload = await prepare(at, writeTextModel(at.folder), { dataPath });
    expect(workload.dims).toEqual({ seq: 7 });
  });

  it('does not take the data of an earlier file of the same name', async () => {
    const at = place();
    const model = writeLinearModel(at.folder);
    const dataPath = writeData(at.folder, { x });
    const first = await prepare(at, model, { dataPath });
    writeData(at.folder, { x: npyOf(Float32Array.of(9, 9), [1, 2]) });
    const second = await prepare(at, model, { dataPath });
    expect(second.dataset).not.toBe(first.dataset);
    expect((await readSamples(second, 1))['x']?.data).toEqual(Float32Array.of(9, 9));
  });

  it('leaves nothing in the cache when the data does not fit', async () => {
    const at = place();
    const dataPath = writeData(at.folder, { x: npyOf(new Float32Array(6), [2, 3]) });
    await expect(prepare(at, writeLinearModel(at.folder), { dataPath })).rejects.toThrow(
      `array 'x' in ${dataPath} is float32[2, 3], the model wants float32[samples, 2]`,
    );
    expect(existsSync(at.cacheFolder)).toBe(false);
  });
});

describe('a target that cannot be prepared', () => {
  async function failureOf(at: Place, target: string): Promise<unknown> {
    return prepare(at, target).then(
      () => null,
      (thrown: unknown) => thrown,
    );
  }

  it.each([
    ['absent.onnx', "there is no file 'absent.onnx'"],
    ['inspectoin', "there is no file 'inspectoin', and no suite of that name"],
  ])('%s: %s', async (target, message) => {
    const error = await failureOf(place(), target);
    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({
      message,
      remedy: 'give the path of an .onnx file, or a suite: inspection',
    });
  });

  it('is a folder', async () => {
    const at = place();
    const target = join(at.folder, 'model.onnx');
    mkdirSync(target);
    expect(await failureOf(at, target)).toMatchObject({ message: `'${target}' is not a file` });
  });

  it.each([
    ['empty', ''],
    ['text', 'not a model at all\n'],
  ])('is %s', async (_what, text) => {
    const at = place();
    const target = join(at.folder, 'model.onnx');
    writeFileSync(target, text);
    const error = await failureOf(at, target);
    expect(error).toBeInstanceOf(UserError);
    expect(error).toHaveProperty('message', expect.stringContaining(target));
    expect(existsSync(at.cacheFolder)).toBe(false);
  });

  it('does not run', async () => {
    const at = place();
    const model = writeLinearModel(at.folder);
    const { probe } = fakeProbe({ state: 'failed', message: 'MatMul is not implemented' });
    await expect(prepare(at, model, { probe })).rejects.toThrow(
      `${model} does not run: MatMul is not implemented`,
    );
  });

  it('leaves a dimension open', async () => {
    const at = place();
    const preparing = prepare(at, writeTextModel(at.folder));
    await expect(preparing).rejects.toBeInstanceOf(UsageError);
    await expect(preparing).rejects.toMatchObject({
      remedy: 'give its size, such as --dim seq=128',
    });
  });
});

describe('a suite', () => {
  /** Registers a suite of the linear model with labels; returns what its build was called with. */
  function registerSuite({ folder }: Place, labels: Int32Array | null): SuiteBuildOptions[] {
    const calls: SuiteBuildOptions[] = [];
    registry.suites.splice(0, registry.suites.length, {
      name: 'tiny',
      summary: 'a linear map',
      defaultSlo: 'p99<66ms',
      build: async (options) => {
        calls.push(options);
        options.onProgress('building');
        return {
          modelPath: writeLinearModel(folder),
          datasetFolder: await writeLinearDataset(folder, labels),
          calibrationFolder: await writeLinearDataset(join(folder, 'calibration')),
          dataDescription: 'four rows',
          notes: ['fp32 accuracy 100 %'],
        };
      },
    });
    return calls;
  }

  it('is built in the cache and brings its data and notes', async () => {
    const at = place();
    const calls = registerSuite(at, Int32Array.of(2, 2, 2, 2));
    const messages: string[] = [];
    const { signal } = new AbortController();
    const workload = await prepare(at, 'tiny', {
      signal,
      onProgress: (message) => messages.push(message),
    });
    expect(workloadRecordSchema.parse(workload)).toEqual(workload);
    expect(workload).toMatchObject({
      target: 'tiny',
      suite: 'tiny',
      model: { name: 'tiny', path: join(at.folder, 'linear.onnx') },
      data: { kind: 'suite', description: 'four rows' },
      dataset: join(at.folder, 'dataset'),
      dims: {},
      batch: 'free',
      evaluationCount: 4,
      notes: ['fp32 accuracy 100 %'],
    });
    expect(calls).toMatchObject([{ folder: join(at.cacheFolder, 'suites') }]);
    expect(calls[0]?.signal).toBe(signal);
    expect(messages).toEqual(['building', 'checking that the model runs']);
  });

  it('is not scored without labels', async () => {
    const at = place();
    registerSuite(at, null);
    expect((await prepare(at, 'tiny')).evaluationCount).toBe(0);
  });

  it.each([
    [{ dataPath: 'x.npz' }, "--data: the suite 'tiny' brings its own data", '--data'],
    [{ dims: { seq: 4 } }, "--dim seq: the suite 'tiny' has no open dimension", '--dim'],
  ])('takes no %o', async (changes, message, option) => {
    const at = place();
    const calls = registerSuite(at, null);
    const preparing = prepare(at, 'tiny', changes);
    await expect(preparing).rejects.toBeInstanceOf(UsageError);
    await expect(preparing).rejects.toMatchObject({
      message,
      remedy: `leave ${option} out, or give a model`,
    });
    expect(calls).toHaveLength(0);
  });
});
