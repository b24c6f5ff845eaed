import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createRandom } from '../../../engine/base/random.ts';
import { describeCpu } from '../../../engine/devices/cpu.ts';
import { integerKernels } from '../../../engine/devices/integer-kernels.ts';
import { systemFiles } from '../../../engine/devices/system-files.ts';
import { usableCores } from '../../../engine/devices/usable-cores.ts';
import { describeModel } from '../../../engine/graph/describe.ts';
import { loadModel, saveModel } from '../../../engine/graph/model-file.ts';
import { writeDataset } from '../../../suites/data/dataset.ts';
import { inspectionSuite } from '../../../suites/inspection/inspection-suite.ts';
import { exportedEncoder } from '../../../suites/models/exported-encoder.ts';
import { RESNET50, writeExportedResnet } from '../../../suites/models/exported-resnet.ts';
import { makeVariant } from '../../../suites/quantization/variant-cache.ts';
import type { VariantRecord } from '../../../suites/quantization/variant-job.ts';

/** A model whose memory is predicted and measured. */
export interface MemoryCase {
  readonly name: string;
  readonly modelPath: string;
  /** Shape of its one float input, without the batch. */
  readonly input: { readonly name: string; readonly dims: readonly number[] };
  readonly batches: readonly number[];
}

type Made = Omit<MemoryCase, 'batches'>;

const BATCHES = [1, 8, 16];

/**
 * ResNet-50, the 6-layer BERT and the inspection model, in fp32 and int8; what lies in the
 * folder already is not made again.
 */
export async function memoryCases(
  folder: string,
  onProgress: (text: string) => void,
): Promise<MemoryCase[]> {
  const models = [
    { name: 'ResNet-50', path: await resnet(folder, onProgress), precision: 'int8-static' },
    { name: 'BERT', path: await encoder(folder), precision: 'int8-dynamic' },
    { name: 'inspection', path: await inspection(folder, onProgress), precision: 'int8-static' },
  ] as const;
  const cases: MemoryCase[] = [];
  for (const { name, path, precision } of models) {
    const outPath = path.replace(/\.onnx$/, `.${precision}.onnx`);
    const fp32 = { name, modelPath: path, input: await inputOf(path), batches: BATCHES };
    if (!existsSync(outPath)) {
      onProgress(`${name}: making ${precision}`);
      await quantize(fp32, { precision, outPath, folder });
    }
    cases.push(
      { ...fp32, name: `${name} fp32` },
      { ...fp32, name: `${name} ${precision}`, modelPath: outPath },
    );
  }
  return cases;
}

async function inputOf(path: string): Promise<MemoryCase['input']> {
  const [input] = describeModel(await loadModel(path)).inputs;
  const [, ...dims] = input?.dims ?? [];
  return { name: input?.name ?? '', dims: dims.map(Number) };
}

async function resnet(folder: string, onProgress: (text: string) => void): Promise<string> {
  const path = join(folder, 'resnet50.onnx');
  if (existsSync(path)) return path;
  onProgress('writing an exported-style ResNet-50');
  await writeExportedResnet(path, RESNET50);
  return path;
}

async function encoder(folder: string): Promise<string> {
  const path = join(folder, 'encoder.onnx');
  await saveModel(path, exportedEncoder({ layers: 6, width: 384, heads: 12, length: 128 }));
  return path;
}

async function inspection(folder: string, onProgress: (text: string) => void): Promise<string> {
  const { signal } = new AbortController();
  return (await inspectionSuite.build({ folder, signal, onProgress })).modelPath;
}

/** Noise is as good as pictures: what is quantized takes the same memory. */
async function quantize(
  { modelPath, input }: Made,
  to: {
    readonly precision: VariantRecord['precision'];
    readonly outPath: string;
    readonly folder: string;
  },
): Promise<void> {
  const rows = 2;
  const datasetFolder = await writeNoise(to.folder, { input, rows });
  const set = { name: 'noise', datasetFolder, start: 0, count: rows, rows: 1 };
  const files = systemFiles();
  await makeVariant(
    {
      calibration: to.precision === 'int8-static' ? [set] : [],
      evaluation: [set],
      job: {
        modelPath,
        outPath: to.outPath,
        precision: to.precision,
        method: 'min-max',
        int4BlockSize: 32,
        // Any cosine will do: nothing is kept in fp32.
        floors: [{ kind: 'cosine', value: -1 }],
        threads: usableCores(files),
        ...integerKernels(describeCpu(files)),
      },
    },
    { timeoutMs: 600_000, signal: new AbortController().signal, onProgress: () => undefined },
  );
}

/** A dataset of so many rows of noise; its folder. */
export async function writeNoise(
  folder: string,
  { input, rows }: { readonly input: MemoryCase['input']; readonly rows: number },
): Promise<string> {
  const datasetFolder = join(folder, `noise-${input.name}-${input.dims.join('x')}-${rows}`);
  if (existsSync(datasetFolder)) return datasetFolder;
  const random = createRandom(1, 'noise');
  const length = input.dims.reduce((product, dim) => product * dim, rows);
  const data = Float32Array.from({ length }, () => random.normal());
  const { name, dims } = input;
  const inputs = [{ name, type: 'float32', dims, batched: true, data } as const];
  await writeDataset(datasetFolder, { count: rows, inputs, labels: null });
  return datasetFolder;
}
