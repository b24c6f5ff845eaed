import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { saveModel } from '../../../engine/graph/model-file.ts';
import type { Tensors } from '../../../engine/runtime/tensor.ts';
import { openDataset, writeDataset } from '../../../suites/data/dataset.ts';
import {
  drawPictures,
  HELD_OUT,
  slicePictures,
  TRAINING,
  type Pictures,
} from '../../../suites/inspection/images/pictures.ts';
import { exportedResnet, measureNorms, RESNET50 } from '../../../suites/models/exported-resnet.ts';
import { enlarge, LARGE } from './fitted-resnet/enlarge.ts';
import { trainNarrow } from './fitted-resnet/train-narrow.ts';
import { wideWeights } from './fitted-resnet/wide-weights.ts';

/** Pictures that the network is trained on; of them, those that calibrate. */
const TRAINED = 4000;
export const CALIBRATION = 64;
export const HELD_OUT_COUNT = HELD_OUT.count;
/** Pictures that the norms' statistics are measured on. */
const MEASURED = 32;
const SEED = 1;
const CHANNELS = 3;
/** The same sums everywhere. */
const THREADS = 2;

export interface FittedResnet {
  readonly modelPath: string;
  /** Dataset folders. */
  readonly calibration: string;
  readonly heldOut: string;
  read(rows: number): Promise<Tensors>;
}

/**
 * An exported ResNet-50 trained on the pictures of the inspection suite at 224 x 224: a
 * network with an accuracy that can be lost. Half of its blocks have channels that are
 * trained, one block after the other, in a narrow network of these channels alone;
 * everything else is seeded noise. The norms hold statistics of real pictures. About three
 * minutes on two cores, and 2.5 GB.
 */
export async function prepareFittedResnet(
  folder: string,
  onProgress: (text: string) => void,
): Promise<FittedResnet> {
  const { signal } = new AbortController();
  await mkdir(folder, { recursive: true });
  onProgress('drawing the pictures');
  const pictures = await drawPictures({ ...TRAINING, count: TRAINED }, signal);
  const measured = slicePictures(pictures, 0, MEASURED);
  const bench = { folder: join(folder, 'scratch'), signal };
  const network = await trainNarrow(bench, { pictures, measured, seed: SEED, onProgress });
  onProgress('measuring the norms');
  const weights = (): ReturnType<typeof wideWeights> => wideWeights(network, SEED);
  const statistics = await measureNorms(RESNET50, weights, {
    pictures: { type: 'float32', dims: [MEASURED, CHANNELS, LARGE, LARGE], data: images(measured) },
    threads: THREADS,
  });
  const modelPath = join(folder, 'resnet50.onnx');
  await saveModel(modelPath, exportedResnet(RESNET50, weights(), statistics));
  onProgress('writing the pictures');
  const heldOut = join(folder, 'held-out');
  const calibration = join(folder, 'calibration');
  await writePictures(calibration, slicePictures(pictures, 0, CALIBRATION));
  await writePictures(heldOut, await drawPictures(HELD_OUT, signal));
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
  const dims = [CHANNELS, LARGE, LARGE];
  const data = images(pictures);
  const input = { name: 'image', type: 'float32', dims, batched: true, data } as const;
  await writeDataset(folder, { count: pictures.count, inputs: [input], labels: pictures.labels });
}

function images(pictures: Pictures): Float32Array {
  return enlarge(pictures, { start: 0, rows: pictures.count, channels: CHANNELS });
}
