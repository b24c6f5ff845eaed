import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../engine/base/files.ts';
import { formatPercent } from '../../engine/base/units.ts';
import { writeModel } from '../../engine/graph/write.ts';
import { writeDataset } from '../data/dataset.ts';
import type { BuiltSuite, Suite, SuiteBuildOptions } from '../suite.ts';
import { readCache, writeCache, type Accuracies } from './cache.ts';
import { SIDE } from './images/canvas.ts';
import { drawPictures, HELD_OUT, slicePictures, toInput, TRAINING } from './images/pictures.ts';
import type { Pictures } from './images/pictures.ts';
import { classifierModel } from './network/build-network.ts';
import { rawPixelAccuracy } from './training/raw-baseline.ts';
import { measureAccuracy, trainNetwork } from './training/train-network.ts';

/** Part of the cache's name: raised when pictures, layout or training change. */
const VERSION = 4;

/** Training pictures kept for the calibration of quantized models. */
const CALIBRATION_COUNT = 256;

const FILES = Object.freeze({
  model: 'inspection.onnx',
  heldOut: 'held-out',
  calibration: 'calibration',
  scratch: 'scratch',
});

/**
 * Is a surface sound, scratched, pierced or stained? Pictures and the network's
 * weights are made on the spot, in about half a minute, and kept in the folder.
 */
export const inspectionSuite: Suite = Object.freeze({
  name: 'inspection',
  summary: 'surface inspection: 64x64 grayscale images, 4 classes, a small convolutional network',
  // A line of 15 parts a second: an answer must be there before the next image.
  defaultSlo: 'p99<66ms',
  build,
});

async function build(options: SuiteBuildOptions): Promise<BuiltSuite> {
  const root = join(options.folder, `inspection-v${VERSION}`);
  const cached = await readCache(root);
  if (cached !== null) return describe(root, cached);
  options.signal.throwIfAborted();
  await writeCache(root, (folder) => make(folder, options));
  const accuracies = await readCache(root);
  if (accuracies === null) throw new Error(`${root} changed while it was written`);
  return describe(root, accuracies);
}

async function make(folder: string, options: SuiteBuildOptions): Promise<Accuracies> {
  const { signal, onProgress } = options;
  const bench = { folder: join(folder, FILES.scratch), signal };
  onProgress(`drawing ${TRAINING.count} training and ${HELD_OUT.count} held-out images`);
  const training = await drawPictures(TRAINING, signal);
  const heldOut = await drawPictures(HELD_OUT, signal);
  const network = await trainNetwork(bench, training, onProgress);
  onProgress('measuring the accuracy, also of a classifier of raw pixels');
  const accuracy = {
    network: await measureAccuracy(bench, network, heldOut),
    rawPixels: await rawPixelAccuracy(bench, training, heldOut),
  };
  await rm(bench.folder, { recursive: true, force: true });
  signal.throwIfAborted();
  const model = classifierModel(network.layers, network.head);
  await writeFileAtomic(join(folder, FILES.model), writeModel(model));
  await writePictures(join(folder, FILES.heldOut), heldOut);
  const calibration = slicePictures(training, 0, CALIBRATION_COUNT);
  await writePictures(join(folder, FILES.calibration), calibration);
  return accuracy;
}

async function writePictures(folder: string, pictures: Pictures): Promise<void> {
  const { count, pixels, labels } = pictures;
  const { data } = toInput(pixels);
  const dims = [1, SIDE, SIDE];
  const image = { name: 'image', type: 'float32', dims, batched: true, data } as const;
  await writeDataset(folder, { count, inputs: [image], labels });
}

function describe(root: string, accuracy: Accuracies): BuiltSuite {
  return {
    modelPath: join(root, FILES.model),
    datasetFolder: join(root, FILES.heldOut),
    calibrationFolder: join(root, FILES.calibration),
    dataDescription:
      `${HELD_OUT.count} generated images of brushed, cast and woven surfaces, none of them ` +
      'used in training; half of them taken as in training, the others shifted or lit differently',
    notes: [
      `accuracy on ${HELD_OUT.count} held-out images, fp32: ${formatPercent(accuracy.network)}`,
      `a ridge classifier of the raw pixels reaches ${formatPercent(accuracy.rawPixels)}`,
    ],
  };
}
