import { join } from 'node:path';
import { usableCores } from '../../../engine/devices/usable-cores.ts';
import { systemFiles } from '../../../engine/devices/system-files.ts';
import { createTensor } from '../../../engine/graph/create-tensor.ts';
import { loadModel, saveModel } from '../../../engine/graph/model-file.ts';
import type { OnnxModel } from '../../../engine/graph/model.ts';
import { createSession } from '../../../engine/runtime/binding.ts';
import { defaultEngineConfig } from '../../../engine/runtime/engine-config.ts';
import { toSessionOptions } from '../../../engine/runtime/session-options.ts';
import type { Tensors } from '../../../engine/runtime/tensor.ts';
import { openDataset, writeDataset } from '../../../suites/data/dataset.ts';
import { SIDE } from '../../../suites/inspection/images/canvas.ts';
import {
  drawPictures,
  HELD_OUT,
  slicePictures,
  TRAINING,
  type Pictures,
} from '../../../suites/inspection/images/pictures.ts';
import { solvePositive } from '../../../suites/inspection/training/linear-algebra.ts';
import { writeExportedResnet50 } from '../../../suites/models/exported-resnet50.ts';

/** Pictures that the head is fitted to, and those of them that calibrate. */
const FITTED = 1200;
export const CALIBRATION = 64;
export const HELD_OUT_COUNT = HELD_OUT.count;
const LARGE = 224;
const CLASSES = 4;
const ROWS = 8;

export interface FittedResnet {
  readonly modelPath: string;
  /** Dataset folders. */
  readonly calibration: string;
  readonly heldOut: string;
  read(rows: number): Promise<Tensors>;
}

/**
 * An exported ResNet-50 whose head is fitted, in closed form, to the pictures of the
 * inspection suite at 224 x 224: a network with an accuracy that can be lost.
 */
export async function prepareFittedResnet(
  folder: string,
  onProgress: (text: string) => void,
): Promise<FittedResnet> {
  const { signal } = new AbortController();
  const raw = join(folder, 'raw.onnx');
  onProgress('writing the network');
  await writeExportedResnet50(raw);
  const model = await loadModel(raw);
  onProgress('drawing the pictures');
  const training = slicePictures(
    await drawPictures({ ...TRAINING, count: FITTED }, signal),
    0,
    FITTED,
  );
  const heldOut = join(folder, 'held-out');
  const calibration = join(folder, 'calibration');
  await writePictures(heldOut, await drawPictures(HELD_OUT, signal));
  await writePictures(calibration, slicePictures(training, 0, CALIBRATION));
  onProgress(`computing the features of ${FITTED} pictures`);
  const features = await featuresOf(model, training, folder);
  onProgress('fitting the head');
  const modelPath = join(folder, 'resnet50.onnx');
  await saveModel(modelPath, withHead(model, fitHead(features, training.labels)));
  return { modelPath, calibration, heldOut, read: (rows) => readRows(heldOut, rows) };
}

async function readRows(folder: string, rows: number): Promise<Tensors> {
  const dataset = await openDataset(folder);
  try {
    return await dataset.read(0, rows);
  } finally {
    await dataset.close();
  }
}

async function writePictures(folder: string, pictures: Pictures): Promise<void> {
  const dims = [3, LARGE, LARGE];
  const data = new Float32Array(pictures.count * 3 * LARGE * LARGE);
  for (let index = 0; index < pictures.count; index += 1) {
    data.set(enlarged(pictures, index), index * 3 * LARGE * LARGE);
  }
  const input = { name: 'image', type: 'float32', dims, batched: true, data } as const;
  await writeDataset(folder, { count: pictures.count, inputs: [input], labels: pictures.labels });
}

/** One picture at 224 x 224 by bilinear interpolation, in three equal channels, about -2 to 2. */
function enlarged({ pixels }: Pictures, index: number): Float32Array {
  const plane = new Float32Array(LARGE * LARGE);
  const at = (x: number, y: number): number =>
    pixels[index * SIDE * SIDE + Math.min(SIDE - 1, y) * SIDE + Math.min(SIDE - 1, x)] ?? 0;
  for (let y = 0; y < LARGE; y += 1) {
    for (let x = 0; x < LARGE; x += 1) {
      const [u, v] = [(x * SIDE) / LARGE, (y * SIDE) / LARGE];
      const [i, j] = [Math.floor(u), Math.floor(v)];
      const [a, b] = [u - i, v - j];
      const top = at(i, j) * (1 - a) + at(i + 1, j) * a;
      const bottom = at(i, j + 1) * (1 - a) + at(i + 1, j + 1) * a;
      plane[y * LARGE + x] = (top * (1 - b) + bottom * b) / 64 - 2;
    }
  }
  const image = new Float32Array(3 * plane.length);
  for (let channel = 0; channel < 3; channel += 1) image.set(plane, channel * plane.length);
  return image;
}

interface Features {
  readonly count: number;
  readonly width: number;
  readonly values: Float32Array;
}

async function featuresOf(model: OnnxModel, pictures: Pictures, folder: string): Promise<Features> {
  const head = model.graph.nodes.find((node) => node.opType === 'Gemm');
  const name = head?.inputs[0] ?? '';
  const observed = { ...model, graph: { ...model.graph, outputs: [{ name, metadataProps: [] }] } };
  const path = join(folder, 'features.onnx');
  await saveModel(path, observed);
  const config = defaultEngineConfig(usableCores(systemFiles()));
  const session = await createSession(path, toSessionOptions(config));
  const parts: Float32Array[] = [];
  try {
    for (let start = 0; start < pictures.count; start += ROWS) {
      const rows = Math.min(ROWS, pictures.count - start);
      const data = new Float32Array(rows * 3 * LARGE * LARGE);
      for (let row = 0; row < rows; row += 1) {
        data.set(enlarged(pictures, start + row), row * 3 * LARGE * LARGE);
      }
      const outputs = await session.run({
        image: { type: 'float32', dims: [rows, 3, LARGE, LARGE], data },
      });
      parts.push(outputs[name]?.data as Float32Array);
    }
  } finally {
    await session.close();
  }
  const values = Float32Array.from(parts.flatMap((part) => Array.from(part)));
  return { count: pictures.count, width: values.length / pictures.count, values };
}

interface Head {
  /** [classes, width]. */
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

const RIDGE = 1e-3;

/**
 * Ridge regression on one-hot labels in its dual form, since there are fewer pictures
 * than features: alpha = (K + lambda I)^-1 Y, W = X^T alpha (Saunders et al. 1998).
 */
function fitHead({ count, width, values }: Features, labels: Int32Array): Head {
  const mean = new Float64Array(width);
  for (let row = 0; row < count; row += 1) {
    for (let i = 0; i < width; i += 1) {
      mean[i] = (mean[i] ?? 0) + (values[row * width + i] ?? 0) / count;
    }
  }
  const x = new Float64Array(count * width);
  for (let i = 0; i < x.length; i += 1) x[i] = (values[i] ?? 0) - (mean[i % width] ?? 0);
  const kernel = gram(x, count, width);
  let trace = 0;
  for (let row = 0; row < count; row += 1) trace += kernel[row * count + row] ?? 0;
  for (let row = 0; row < count; row += 1) {
    const at = row * count + row;
    kernel[at] = (kernel[at] ?? 0) + (RIDGE * trace) / count;
  }
  const targets = new Float64Array(count * CLASSES);
  for (const [row, label] of labels.entries()) targets[row * CLASSES + label] = 1;
  for (let i = 0; i < targets.length; i += 1) targets[i] = (targets[i] ?? 0) - 1 / CLASSES;
  const alpha = solvePositive(kernel, targets, { n: count, m: CLASSES });
  const weight = new Float32Array(CLASSES * width);
  const bias = new Float32Array(CLASSES).fill(1 / CLASSES);
  for (let c = 0; c < CLASSES; c += 1) {
    for (let i = 0; i < width; i += 1) {
      let sum = 0;
      for (let row = 0; row < count; row += 1) {
        sum += (alpha[row * CLASSES + c] ?? 0) * (x[row * width + i] ?? 0);
      }
      weight[c * width + i] = sum;
      bias[c] = (bias[c] ?? 0) - sum * (mean[i] ?? 0);
    }
  }
  return { weight, bias };
}

function gram(x: Float64Array, count: number, width: number): Float64Array {
  const kernel = new Float64Array(count * count);
  for (let a = 0; a < count; a += 1) {
    for (let b = 0; b <= a; b += 1) {
      let sum = 0;
      for (let i = 0; i < width; i += 1) sum += (x[a * width + i] ?? 0) * (x[b * width + i] ?? 0);
      kernel[a * count + b] = sum;
      kernel[b * count + a] = sum;
    }
  }
  return kernel;
}

/** The network with another head, as the exporter would have written it. */
function withHead(model: OnnxModel, { weight, bias }: Head): OnnxModel {
  const width = weight.length / CLASSES;
  const initializers = model.graph.initializers.map((tensor) => {
    if (tensor.name === 'fc.weight') {
      return createTensor('fc.weight', { type: 'float32', dims: [CLASSES, width], data: weight });
    }
    return tensor.name === 'fc.bias'
      ? createTensor('fc.bias', { type: 'float32', dims: [CLASSES], data: bias })
      : tensor;
  });
  // The output's declared shape counted the old classes.
  const outputs = model.graph.outputs.map(({ type: _, ...output }) => output);
  return { ...model, graph: { ...model.graph, initializers, outputs } };
}
