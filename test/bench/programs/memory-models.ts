import { join } from 'node:path';
import { createRandom } from '../../../engine/base/random.ts';
import { describeCpu } from '../../../engine/devices/cpu.ts';
import { integerKernels } from '../../../engine/devices/integer-kernels.ts';
import { systemFiles } from '../../../engine/devices/system-files.ts';
import { usableCores } from '../../../engine/devices/usable-cores.ts';
import { saveModel } from '../../../engine/graph/model-file.ts';
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

/** ResNet-50, the 6-layer BERT and the inspection model, in fp32 and int8. */
export async function memoryCases(
  folder: string,
  onProgress: (text: string) => void,
): Promise<MemoryCase[]> {
  const cases: MemoryCase[] = [];
  const models = [
    { make: resnet, precision: 'int8-static' },
    { make: encoder, precision: 'int8-dynamic' },
    { make: inspection, precision: 'int8-static' },
  ] as const;
  for (const { make, precision } of models) {
    const model = await make(folder, onProgress);
    onProgress(`${model.name}: making ${precision}`);
    const outPath = model.modelPath.replace(/\.onnx$/, `.${precision}.onnx`);
    await quantize(model, { precision, outPath, folder });
    const batches = [1, 8, 16];
    cases.push({ ...model, name: `${model.name} fp32`, batches });
    cases.push({ ...model, name: `${model.name} ${precision}`, modelPath: outPath, batches });
  }
  return cases;
}

async function resnet(folder: string, onProgress: (text: string) => void): Promise<Made> {
  onProgress('writing an exported-style ResNet-50');
  const modelPath = join(folder, 'resnet50.onnx');
  await writeExportedResnet(modelPath, RESNET50);
  return { name: 'ResNet-50', modelPath, input: { name: 'image', dims: [3, 224, 224] } };
}

async function encoder(folder: string): Promise<Made> {
  const modelPath = join(folder, 'encoder.onnx');
  const shape = { layers: 6, width: 384, heads: 12, length: 128 };
  await saveModel(modelPath, exportedEncoder(shape));
  const input = { name: 'hidden', dims: [shape.length, shape.width] };
  return { name: 'BERT, 6 layers of 384,', modelPath, input };
}

async function inspection(folder: string, onProgress: (text: string) => void): Promise<Made> {
  const { signal } = new AbortController();
  const { modelPath } = await inspectionSuite.build({ folder, signal, onProgress });
  return { name: 'inspection', modelPath, input: { name: 'image', dims: [3, 64, 64] } };
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
        floors: [],
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
  const random = createRandom(1, 'noise');
  const length = input.dims.reduce((product, dim) => product * dim, rows);
  const data = Float32Array.from({ length }, () => random.normal());
  const datasetFolder = join(folder, `noise-${input.name}-${input.dims.join('x')}-${rows}`);
  const { name, dims } = input;
  const inputs = [{ name, type: 'float32', dims, batched: true, data } as const];
  await writeDataset(datasetFolder, { count: rows, inputs, labels: null });
  return datasetFolder;
}
