import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createRandom } from '../../../../engine/base/random.ts';
import { buildVariant } from '../../../../engine/artifacts/quantization/build-variant.ts';
import type {
  VariantData,
  VariantJob,
} from '../../../../engine/artifacts/quantization/variant-workshop.ts';
import { ModelBuilder } from '../../../../engine/graph/builder.ts';
import { writeModel } from '../../../../engine/graph/write.ts';
import type { Tensors } from '../../../../engine/runtime/tensor.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

/** Two layers; the second one's weights span so much that int8 hardly sees the small ones. */
function writeNetwork(folder: string): string {
  const builder = new ModelBuilder({ name: 'net', opset: 17 });
  const random = createRandom(1, 'weights');
  const matrix = (rows: number, columns: number, wild: boolean): Float32Array =>
    Float32Array.from({ length: rows * columns }, (_, index) =>
      wild && index < columns ? 1e4 * random.normal() : random.normal(),
    );
  builder.input('x', 'float32', ['N', 32]);
  const first = { type: 'float32', dims: [32, 64], data: matrix(32, 64, false) } as const;
  const second = { type: 'float32', dims: [64, 64], data: matrix(64, 64, true) } as const;
  const a = builder.node('MatMul', ['x', builder.initializer('a', first)], { outputs: ['hidden'] });
  const cut = builder.node('Relu', [a]);
  // Column 0 of the hidden layer is made tiny, so that its huge weights matter little in fp32.
  const mask = Float32Array.from({ length: 64 }, (_, index) => (index === 0 ? 1e-6 : 1));
  const m = builder.initializer('m', { type: 'float32', dims: [64], data: mask });
  const masked = builder.node('Mul', [cut, m]);
  const b = builder.initializer('b', second);
  builder.node('MatMul', [masked, b], { outputs: ['y'] });
  builder.output('y', 'float32', ['N', 64]);
  const path = join(folder, 'net.onnx');
  writeFileSync(path, writeModel(builder.build()));
  return path;
}

function sample(seed: number, rows = 1): Tensors {
  const random = createRandom(seed, 'x');
  const data = Float32Array.from({ length: rows * 32 }, () => random.normal());
  return { x: { type: 'float32', dims: [rows, 32], data } };
}

const DATA: VariantData = {
  calibration: { count: 6, read: async (index) => sample(100 + index, 4) },
  evaluation: [
    {
      name: 'batch 1',
      rows: 1,
      count: 8,
      read: async (index) => ({ feeds: sample(index), labels: null }),
    },
  ],
};

function jobIn(folder: string, changes: Partial<VariantJob> = {}): VariantJob {
  mkdirSync(join(folder, 'out'), { recursive: true });
  return {
    modelPath: writeNetwork(folder),
    outPath: join(folder, 'out', 'variant.onnx'),
    precision: 'int8-static',
    method: 'min-max',
    activations: 'uint8',
    weightBits: 8,
    int4BlockSize: 32,
    floors: [],
    threads: 1,
    ...changes,
  };
}

describe('making a variant', () => {
  test('quantizes what it can and says how close it is', async () => {
    const folder = temporaryFolder();
    const job = jobIn(folder);
    const report = await buildVariant(job, DATA);
    expect(report).toMatchObject({ quantized: 2, kept: [], method: 'min-max' });
    expect(report.quality).toHaveLength(1);
    // The runtime keeps the first product in float32, for what comes after it.
    expect(report.integerShare).toBeGreaterThan(0.2);
    expect(report.sizeBytesAfter).toBeLessThan(report.sizeBytesBefore / 2);
    expect(readdirSync(join(folder, 'out'))).toEqual(['variant.onnx']);
  });

  test('keeps the most sensitive node in fp32 until the floor holds', async () => {
    const folder = temporaryFolder();
    const free = await buildVariant(jobIn(folder), DATA);
    expect(free.quality[0]?.cosine).toBeLessThan(0.99);
    const floors = [{ kind: 'cosine', value: 0.995 }] as const;
    const report = await buildVariant(jobIn(folder, { floors }), DATA);
    expect(report.kept).toEqual(['y']);
    expect(report.quantized).toBe(1);
    expect(report.quality[0]?.cosine).toBeGreaterThan(0.995);
  });

  test('a floor that nothing holds is an error with what is reached, and leaves no file', async () => {
    const folder = temporaryFolder();
    const floors = [{ kind: 'sqnr', value: 190 }] as const;
    await expect(buildVariant(jobIn(folder, { floors }), DATA)).rejects.toThrow(
      /int8-static does not hold the floor.*sqnr .* at batch 1, floor 190/,
    );
    expect(readdirSync(join(folder, 'out'))).toEqual([]);
  });

  test('a floor that cannot be measured is named as such', async () => {
    const floors = [{ kind: 'accuracy', value: 0.9 }] as const;
    await expect(
      buildVariant(jobIn(temporaryFolder(), { floors, precision: 'int8-dynamic' }), DATA),
    ).rejects.toThrow(/accuracy cannot be measured at batch 1/);
  });

  test('auto takes the method that comes closest', async () => {
    const report = await buildVariant(jobIn(temporaryFolder(), { method: 'auto' }), DATA);
    expect(['min-max', 'percentile', 'entropy', 'mse']).toContain(report.method);
  });

  test.each(['int8-dynamic', 'int4-weights', 'fp16'] as const)('%s', async (precision) => {
    const folder = temporaryFolder();
    const job = jobIn(folder, { precision });
    const report = await buildVariant(job, { ...DATA, calibration: null });
    expect(report.method).toBeNull();
    expect(report.quantized).toBeGreaterThan(0);
    expect(existsSync(job.outPath)).toBe(true);
  });

  test('calibration data that is not finite is an error that names the activation', async () => {
    const data = new Float32Array(32).fill(1);
    data[3] = Number.NaN;
    const broken: Tensors = { x: { type: 'float32', dims: [1, 32], data } };
    const calibration = { count: 1, read: async () => broken };
    await expect(
      buildVariant(jobIn(temporaryFolder()), { ...DATA, calibration }),
    ).rejects.toMatchObject({
      message: expect.stringMatching(/'x' has 1 values .* no finite numbers/) as string,
    });
  });

  test('calibration data of the wrong shape is an error that says what the runtime says', async () => {
    const wrong: Tensors = { x: { type: 'float32', dims: [1, 31], data: new Float32Array(31) } };
    const calibration = { count: 1, read: async () => wrong };
    await expect(buildVariant(jobIn(temporaryFolder()), { ...DATA, calibration })).rejects.toThrow(
      /does not run on the calibration data/,
    );
  });

  test('constant data gives a variant that runs', async () => {
    const zeros: Tensors = { x: { type: 'float32', dims: [1, 32], data: new Float32Array(32) } };
    const report = await buildVariant(jobIn(temporaryFolder()), {
      ...DATA,
      calibration: { count: 2, read: async () => zeros },
    });
    expect(report.quantized).toBe(2);
  });
});
