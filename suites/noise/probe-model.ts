import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../engine/base/files.ts';
import { createRandom } from '../../engine/base/random.ts';
import { ModelBuilder } from '../../engine/graph/builder.ts';
import { writeModel } from '../../engine/graph/write.ts';
import { writeDataset } from '../data/dataset.ts';

/** Rows and columns of what goes through the probe: some 38 million multiplications a run. */
const ROWS = 64;
const WIDTH = 384;
const LAYERS = 4;

export interface NoiseProbe {
  readonly modelPath: string;
  readonly datasetFolder: string;
}

/**
 * A small model whose only purpose is to be measured against itself: four matrix
 * products of about a millisecond together, the kind of work that inference is
 * made of. Made once and kept; the same on every machine.
 */
export async function prepareNoiseProbe(cacheFolder: string): Promise<NoiseProbe> {
  const folder = join(cacheFolder, 'noise', `probe-1-${ROWS}x${WIDTH}x${LAYERS}`);
  const modelPath = join(folder, 'probe.onnx');
  const datasetFolder = join(folder, 'data');
  const isThere = async (path: string): Promise<boolean> =>
    (await stat(path).catch(() => null)) !== null;
  if (!(await isThere(datasetFolder))) {
    const data = normals(ROWS * WIDTH, 'probe input');
    const input = {
      name: 'x',
      type: 'float32',
      dims: [ROWS, WIDTH],
      batched: false,
      data,
    } as const;
    await writeDataset(datasetFolder, { count: 1, inputs: [input], labels: null });
  }
  if (!(await isThere(modelPath))) await writeFileAtomic(modelPath, writeModel(probeModel()));
  return { modelPath, datasetFolder };
}

function probeModel(): ReturnType<ModelBuilder['build']> {
  const builder = new ModelBuilder({ name: 'noise-probe', opset: 17 });
  let value = builder.input('x', 'float32', [ROWS, WIDTH]);
  for (let layer = 0; layer < LAYERS; layer += 1) {
    // Scaled so that values neither grow nor vanish from layer to layer.
    const data = normals(WIDTH * WIDTH, `probe layer ${layer}`).map((w) => w / Math.sqrt(WIDTH));
    const weights = builder.initializer(`w${layer}`, {
      type: 'float32',
      dims: [WIDTH, WIDTH],
      data,
    });
    value = builder.node('MatMul', [value, weights]);
  }
  builder.output(value, 'float32', [ROWS, WIDTH]);
  return builder.build();
}

function normals(count: number, stream: string): Float32Array {
  const random = createRandom(1, stream);
  return Float32Array.from({ length: count }, () => random.normal());
}
