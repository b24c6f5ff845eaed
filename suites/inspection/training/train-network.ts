import type { Pictures } from '../images/pictures.ts';
import { SYMMETRIES } from '../images/symmetry.ts';
import { classifierModel, featuresModel } from '../network/build-network.ts';
import type { Head, Layer } from '../network/layer.ts';
import { FEATURES, LAYOUT, type LayerPlan } from '../network/layout.ts';
import type { LabelledRows } from './linear-classifier.ts';
import { fitRidge } from './ridge.ts';
import { outputData, runPictures } from './run-pictures.ts';
import { createStem, trainLayer } from './train-layer.ts';
import { withSession, type Workbench } from './workbench.ts';

/** Of the weights; the pictures have their own. */
const SEED = 1;

/** How often the classifier sees each training picture. */
const TURNS = 2;

export interface Network {
  readonly layers: readonly Layer[];
  readonly head: Head;
}

/** Makes all weights from training pictures, layer by layer, then the head in closed form. */
export async function trainNetwork(
  bench: Workbench,
  training: Pictures,
  onProgress: (message: string) => void,
): Promise<Network> {
  const [stem, ...plans] = LAYOUT;
  const layers = [await createStem(bench, training, stem as LayerPlan)];
  for (const [index, plan] of plans.entries()) {
    onProgress(`training layer ${index + 2} of ${LAYOUT.length}`);
    // Neighbouring seeds give unrelated sequences.
    const next = { before: [...layers], plan, seed: SEED + index };
    layers.push(await trainLayer(bench, training, next));
  }
  onProgress('fitting the classifier');
  const { weight, bias } = fitRidge(await featureRows(bench, layers, training));
  return { layers, head: { weight: Float32Array.from(weight), bias: Float32Array.from(bias) } };
}

/** The share of pictures that the finished model, run by the runtime, puts into the right class. */
export async function measureAccuracy(
  bench: Workbench,
  { layers, head }: Network,
  pictures: Pictures,
): Promise<number> {
  let right = 0;
  await withSession(bench, classifierModel(layers, head), (session) => {
    return runPictures(session, pictures, {
      signal: bench.signal,
      use: (outputs, start, count) => {
        const logits = outputData(outputs, 'logits');
        const classes = logits.length / count;
        for (let i = 0; i < count; i += 1) {
          const scores = logits.subarray(i * classes, (i + 1) * classes);
          if (scores.indexOf(Math.max(...scores)) === pictures.labels[start + i]) right += 1;
        }
      },
    });
  });
  return right / pictures.count;
}

/** Features of every picture, as it is and turned; the turns of one picture stay together. */
async function featureRows(
  bench: Workbench,
  layers: readonly Layer[],
  pictures: Pictures,
): Promise<LabelledRows> {
  const count = TURNS * pictures.count;
  const values = new Float32Array(count * FEATURES);
  await withSession(bench, featuresModel(layers), async (session) => {
    for (let turn = 0; turn < TURNS; turn += 1) {
      await runPictures(session, pictures, {
        signal: bench.signal,
        symmetryOf: (index) => (turn === 0 ? 0 : 1 + (index % (SYMMETRIES - 1))),
        use: (outputs, start, batch) => {
          const features = outputData(outputs, 'features');
          for (let i = 0; i < batch; i += 1) {
            const row = features.subarray(i * FEATURES, (i + 1) * FEATURES);
            values.set(row, ((start + i) * TURNS + turn) * FEATURES);
          }
        },
      });
    }
  });
  const labels = new Int32Array(count);
  for (let row = 0; row < count; row += 1) {
    labels[row] = pictures.labels[Math.floor(row / TURNS)] as number;
  }
  return { count, width: FEATURES, values, labels };
}
