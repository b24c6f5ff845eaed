import type { Random } from '../../../../engine/base/random.ts';
import type { Tensor } from '../../../../engine/runtime/tensor.ts';
import { CLASS_COUNT } from '../../../../suites/inspection/network/layout.ts';
import { Adam } from '../../../../suites/inspection/training/adam.ts';
import { gradientOf } from '../../../../suites/inspection/training/gradient-model.ts';
import { outputData } from '../../../../suites/inspection/training/run-pictures.ts';
import { withSession, type Workbench } from '../../../../suites/inspection/training/workbench.ts';
import type { Block, BlockPlan } from './block.ts';
import { blockGradientModel, type BlockStep } from './block-gradient.ts';
import type { Samples } from './samples.ts';

const DESCENT = Object.freeze({
  steps: 1500,
  /** Of a block trained on whole pictures: it soon knows them by heart. */
  wholeSteps: 600,
  /** Outputs in one step: patches, or whole pictures' cells. */
  outputs: 256,
  /** Whole pictures in one step at least. */
  pictures: 48,
  /** Highest learning rate, reached after the share of steps in `warmUp`, then a half cosine. */
  rate: 6e-3,
  warmUp: 0.1,
  decay: 0.3,
  /** Standard deviation of what is added to the stream in training, of a level of 4. */
  noise: 0.4,
});

/**
 * Trains a block so that a linear classifier behind it tells what is at each position,
 * or in the picture (greedy training block by block: Belilovsky, Eickenberg and Oyallon,
 * 2019). The classifier is thrown away.
 */
export async function trainBlock(
  bench: Workbench,
  samples: Samples,
  { plan, random }: { readonly plan: BlockPlan; readonly random: Random },
): Promise<Block> {
  const outputs = samples.window.neighbours.length / 9;
  const steps = plan.reach === null ? DESCENT.wholeSteps : DESCENT.steps;
  const step: BlockStep = {
    plan,
    window: samples.window,
    batch: Math.max(DESCENT.pictures, Math.ceil(DESCENT.outputs / outputs)),
    classes: CLASS_COUNT,
  };
  const parameters = startParameters(step, random);
  const optimizers = [...parameters].map(([name, { data }]) => {
    const adam = new Adam(data, { decay: name.endsWith('Bias') ? 0 : DESCENT.decay });
    return { name, adam };
  });
  await withSession(bench, blockGradientModel(step), async (session) => {
    const batch = emptyBatch(step);
    const noise = noiseTable(random);
    for (let index = 0; index < steps; index += 1) {
      bench.signal.throwIfAborted();
      fillBatch(batch, samples, random);
      disturb((batch.get('cells') as FloatTensor).data, noise, random);
      const gradients = await session.run({
        ...Object.fromEntries(batch),
        ...Object.fromEntries(parameters),
      });
      const rate = learningRate(index / steps);
      for (const { name, adam } of optimizers) {
        adam.step(outputData(gradients, gradientOf(name)), rate);
      }
    }
  });
  return { plan, parameters: blockParameters(parameters) };
}

interface FloatTensor extends Tensor {
  readonly data: Float32Array;
}
type Arrays = ReadonlyMap<string, FloatTensor>;

/** He initialization (He et al., 2015). */
function startParameters({ plan, classes }: BlockStep, random: Random): Arrays {
  const { from, inner } = plan;
  const normal = (dims: readonly [number, number], gain: number): FloatTensor => {
    const deviation = gain * Math.sqrt(2 / dims[0]);
    const data = Float32Array.from({ length: dims[0] * dims[1] }, () => {
      return deviation * random.normal();
    });
    return floats(dims, data);
  };
  const zeros = (length: number): FloatTensor => floats([length], new Float32Array(length));
  return new Map([
    ['reduce', normal([from, inner], 1)],
    ['reduceBias', zeros(inner)],
    ['spatial', normal([9 * inner, inner], 1)],
    ['spatialBias', zeros(inner)],
    ['readout', normal([inner, classes], 0.5)],
    ['readoutBias', zeros(classes)],
  ]);
}

function blockParameters(arrays: Arrays): Block['parameters'] {
  const data = (name: string): Float32Array => (arrays.get(name) as FloatTensor).data;
  return {
    reduce: data('reduce'),
    reduceBias: data('reduceBias'),
    spatial: data('spatial'),
    spatialBias: data('spatialBias'),
  };
}

function emptyBatch({ batch, window, plan, classes }: BlockStep): Arrays {
  const zeros = (...dims: readonly number[]): FloatTensor => {
    return floats(dims, new Float32Array(dims.reduce((product, dim) => product * dim, 1)));
  };
  return new Map([
    ['cells', zeros(batch, window.cells, plan.from)],
    ['inside', zeros(batch, window.cells, 1)],
    ['targets', zeros(batch, classes)],
  ]);
}

function fillBatch(batch: Arrays, samples: Samples, random: Random): void {
  const [cells, inside, targets] = [...batch.values()].map(({ data }) => data) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  targets.fill(0);
  const side = samples.window.cells;
  const width = samples.cells.length / samples.count;
  for (let row = 0; row < targets.length / CLASS_COUNT; row += 1) {
    const index = random.integer(samples.count);
    cells.set(samples.cells.subarray(index * width, (index + 1) * width), row * width);
    inside.set(samples.inside.subarray(index * side, (index + 1) * side), row * side);
    targets[row * CLASS_COUNT + (samples.labels[index] as number)] = 1;
  }
}

/** Numbers of the noise table, and how many in a row are taken from it. */
const TABLE = 1 << 18;
const STRETCH = 4096;

function noiseTable(random: Random): Float32Array {
  return Float32Array.from({ length: TABLE }, () => DESCENT.noise * random.normal());
}

/**
 * Adds noise, so that what rounding to 8 bits adds does not upset the block: it learns no
 * large weights that cancel out. Stretches of one table, since new numbers take too long.
 */
function disturb(values: Float32Array, noise: Float32Array, random: Random): void {
  for (let start = 0; start < values.length; start += STRETCH) {
    const offset = random.integer(noise.length - STRETCH);
    const end = Math.min(values.length, start + STRETCH);
    for (let i = start; i < end; i += 1) {
      values[i] = (values[i] as number) + (noise[offset + i - start] as number);
    }
  }
}

function floats(dims: readonly number[], data: Float32Array): FloatTensor {
  return { type: 'float32', dims, data };
}

function learningRate(progress: number): number {
  if (progress < DESCENT.warmUp) return (DESCENT.rate * progress) / DESCENT.warmUp;
  const left = (progress - DESCENT.warmUp) / (1 - DESCENT.warmUp);
  return (DESCENT.rate * (1 + Math.cos(Math.PI * left))) / 2;
}
