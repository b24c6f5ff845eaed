import { rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ModelBuilder } from '../../../engine/graph/builder.ts';
import { writeModel } from '../../../engine/graph/write.ts';
import type { EngineConfig } from '../../../engine/runtime/engine-config.ts';
import type { Tensors } from '../../../engine/runtime/tensor.ts';
import { openDataset, writeDataset } from '../../../suites/data/dataset.ts';
import { checkGolden } from '../../../suites/golden/check-golden.ts';
import { prepareGolden, type PreparedGolden } from '../../../suites/golden/prepare-golden.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { writeLinearDataset, writeLinearModel } from '../../support/tiny-models.ts';
import { withLinearRows, type Infer } from '../../support/trial-golden.ts';

const idle = new AbortController().signal;

function prepare(
  folder: string,
  modelPath: string,
  more: { readonly batch?: 'free' | number; readonly signal?: AbortSignal } = {},
): Promise<PreparedGolden> {
  const { batch = 'free', signal = idle } = more;
  const datasetFolder = join(folder, 'dataset');
  return prepareGolden(
    { modelPath, sha256: modelPath, datasetFolder, batch },
    { cacheFolder: folder, signal },
  );
}

async function check(
  folders: { readonly samples: string; readonly golden: string | null },
  infer: Infer,
  options: { readonly rows: number; readonly precision?: EngineConfig['precision'] },
): Promise<string | null> {
  const samples = await openDataset(folders.samples);
  const golden = await openDataset(folders.golden ?? '');
  const { rows, precision = 'fp32' } = options;
  try {
    return await checkGolden(infer, { samples, golden }, { rows, precision });
  } finally {
    await samples.close();
    await golden.close();
  }
}

/** A model of one node over x [N, 2]. */
function writeModelOf(folder: string, add: (builder: ModelBuilder) => void): string {
  const builder = new ModelBuilder({ name: 'golden', opset: 17 });
  builder.input('x', 'float32', ['N', 2]);
  add(builder);
  const path = join(folder, 'golden.onnx');
  writeFileSync(path, writeModel(builder.build()));
  return path;
}

describe('the reference outputs of a model', () => {
  test('are those of its first three samples, computed once', async () => {
    const folder = temporaryFolder();
    const samples = await writeLinearDataset(folder);
    const model = writeLinearModel(folder);
    const first = await prepare(folder, model);
    expect(first.note).toBeNull();
    const golden = await openDataset(first.folder ?? '');
    // (a, b, a + b) of the samples (1, 2), (3, 4) and (5, 6).
    const { y } = await golden.read(0, golden.count);
    expect(y?.dims).toEqual([3, 3]);
    expect([...(y?.data ?? [])]).toEqual([1, 2, 3, 3, 4, 7, 5, 6, 11]);
    await golden.close();

    const made = statSync(first.folder ?? '').mtimeMs;
    // No process could be started with this signal.
    const again = await prepare(folder, model, { signal: AbortSignal.abort() });
    expect(again).toEqual(first);
    expect(statSync(first.folder ?? '').mtimeMs).toBe(made);
    for (const rows of [1, 2, 3, 4, 7]) {
      const found = await check({ samples, golden: first.folder }, withLinearRows(), { rows });
      expect(found).toBeNull();
    }
  });

  test('are others for other samples', async () => {
    const folder = temporaryFolder();
    await writeLinearDataset(folder);
    const model = writeLinearModel(folder);
    const first = await prepare(folder, model);
    rmSync(join(folder, 'dataset'), { recursive: true });
    const x = { name: 'x', type: 'float32', dims: [2], batched: true } as const;
    const data = Float32Array.of(1, 2, 3, 4, 5, 7);
    await writeDataset(join(folder, 'dataset'), {
      count: 3,
      inputs: [{ ...x, data }],
      labels: null,
    });
    expect((await prepare(folder, model)).folder).not.toBe(first.folder);
  });

  test('have the batch of a model that fixes it', async () => {
    const folder = temporaryFolder();
    const samples = await writeLinearDataset(folder);
    const { folder: golden } = await prepare(folder, writeLinearModel(folder, 2), { batch: 2 });
    const infer = withLinearRows();
    expect(await check({ samples, golden }, infer, { rows: 2 })).toBeNull();
    const wrong = withLinearRows({ from: 1 });
    expect(await check({ samples, golden }, wrong, { rows: 2 })).toMatch(/'y' is off/);
  });

  test('do not exist where the model draws random numbers', async () => {
    const folder = temporaryFolder();
    await writeLinearDataset(folder);
    const model = writeModelOf(folder, (builder) => {
      const noise = builder.node('RandomNormal', [], { attributes: { shape: { ints: [1, 2] } } });
      builder.output(builder.node('Add', ['x', noise], { outputs: ['y'] }), 'float32', ['N', 2]);
    });
    expect(await prepare(folder, model)).toEqual({
      folder: null,
      note: 'outputs are not checked in each trial: the model gives other outputs each time',
    });
  });

  test('do not exist where every output depends on the whole batch', async () => {
    const folder = temporaryFolder();
    await writeLinearDataset(folder);
    const model = writeModelOf(folder, (builder) => {
      const attributes = { axis: { int: 0 } };
      builder.output(
        builder.node('Softmax', ['x'], { attributes, outputs: ['y'] }),
        'float32',
        null,
      );
    });
    const { folder: golden, note } = await prepare(folder, model);
    expect(golden).toBeNull();
    expect(note).toMatch(/depends on the others of its batch/);
  });

  test('do not exist where the model does not run, and the reason is told', async () => {
    const folder = temporaryFolder();
    await writeLinearDataset(folder);
    const { folder: golden, note } = await prepare(folder, join(folder, 'absent.onnx'));
    expect(golden).toBeNull();
    expect(note).toMatch(/^outputs are not checked in each trial: .*absent\.onnx/);
    const aborted = { signal: AbortSignal.abort(new Error('enough')) };
    await expect(prepare(folder, writeLinearModel(folder), aborted)).rejects.toThrow('enough');
  });
});

describe('checking outputs against their reference', () => {
  test('an output over the whole batch is compared at the size of the reference only', async () => {
    const folder = temporaryFolder();
    const samples = await writeLinearDataset(folder);
    const model = writeModelOf(folder, (builder) => {
      const attributes = { axes: { ints: [0] }, keepdims: { int: 1 } };
      builder.output(builder.node('Relu', ['x'], { outputs: ['y'] }), 'float32', ['N', 2]);
      builder.output(
        builder.node('ReduceMean', ['x'], { attributes, outputs: ['mean'] }),
        'float32',
        [1, 2],
      );
    });
    const { folder: golden, note } = await prepare(folder, model);
    expect(note).toBeNull();
    const infer =
      (off: number): Infer =>
      async ({ x }) => {
        const data = x?.data as Float32Array;
        const rows = data.length / 2;
        const means = [0, 1].map((column) => {
          const values = Array.from({ length: rows }, (_, row) => data[2 * row + column] ?? 0);
          return values.reduce((sum, value) => sum + value, off) / rows;
        });
        const mean = { type: 'float32', dims: [1, 2], data: Float32Array.from(means) } as const;
        return { y: { type: 'float32', dims: [rows, 2], data }, mean };
      };
    for (const rows of [1, 2, 3, 5]) {
      expect(await check({ samples, golden }, infer(0), { rows })).toBeNull();
    }
    expect(await check({ samples, golden }, infer(9), { rows: 3 })).toMatch(/'mean' is off/);
  });

  /** Of the first three samples, written by hand; its largest value is 11. */
  async function reference(): Promise<{ readonly samples: string; readonly golden: string }> {
    const folder = temporaryFolder();
    const golden = join(folder, 'golden');
    const data = Float32Array.of(1, 2, 3, 3, 4, 7, 5, 6, 11);
    const y = { name: 'y', type: 'float32', dims: [3], batched: true, data } as const;
    await writeDataset(golden, { count: 3, inputs: [y], labels: null });
    return { samples: await writeLinearDataset(folder), golden };
  }

  test('allows what the order of a sum changes, and half precision more', async () => {
    const folders = await reference();
    const offBy = (share: number): Infer => withLinearRows({ from: 1, by: 11 * share });
    const run = (share: number, precision: EngineConfig['precision']): Promise<string | null> =>
      check(folders, offBy(share), { rows: 3, precision });
    expect(await run(0.0009, 'fp32')).toBeNull();
    expect(await run(0.0011, 'fp32')).toBe(
      "the output 'y' is off by 0.0011 of its largest value; 0.001 is allowed",
    );
    expect(await run(0.019, 'fp16')).toBeNull();
    expect(await run(0.021, 'fp16')).toMatch(/0\.02 is allowed/);
    expect(await run(5, 'int8-dynamic')).toBeNull();
  });

  test('looks at every sample that has a reference, and at no other', async () => {
    const folders = await reference();
    const calls: number[] = [];
    const counting: Infer = (feeds) => {
      calls.push(feeds['x']?.dims[0] ?? 0);
      return withLinearRows()(feeds);
    };
    for (const rows of [1, 2, 3, 8]) await check(folders, counting, { rows });
    expect(calls).toEqual([1, 1, 1, 2, 2, 3, 8]);
    // Wrong from the third call on, which has the third sample; then in no call at all.
    expect(await check(folders, withLinearRows({ from: 3 }), { rows: 1 })).toMatch(/'y' is off/);
    expect(await check(folders, withLinearRows({ from: 3 }), { rows: 2 })).toBeNull();
  });

  test.each<[name: string, change: (outputs: Tensors) => Tensors, complaint: string]>([
    [
      'is of another type',
      ({ y }) => ({ y: { dims: y?.dims ?? [], type: 'float64', data: new Float64Array(9) } }),
      "the output 'y' was float32 and is float64",
    ],
    [
      'has another shape',
      ({ y }) => ({ y: { type: 'float32', dims: [y?.dims[0] ?? 0, 1], data: new Float32Array(1) } }),
      "the output 'y' was [1, 3] and is [1, 1]",
    ],
    [
      'has other rows than there were samples',
      () => ({ y: { type: 'float32', dims: [2, 3], data: new Float32Array(6) } }),
      "the output 'y' was [1, 3] and is [2, 3]",
    ],
    ['is gone', () => ({}), "the output 'y' is gone"],
    [
      'is not a number',
      ({ y }) => ({ y: { type: 'float32', dims: y?.dims ?? [], data: Float32Array.of(NaN, 2, 3) } }),
      "the output 'y' is off by Infinity of its largest value; 0.001 is allowed",
    ],
  ])('an output that %s is named', async (_name, change, complaint) => {
    const infer: Infer = async (feeds) => change(await withLinearRows()(feeds));
    expect(await check(await reference(), infer, { rows: 1 })).toBe(complaint);
  });
});
