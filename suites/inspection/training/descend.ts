import type { Random } from '../../../engine/base/random.ts';
import type { Session } from '../../../engine/runtime/binding.ts';
import type { Tensor } from '../../../engine/runtime/tensor.ts';
import { CLASS_COUNT } from '../network/layout.ts';
import { Adam } from './adam.ts';
import { gradientModel, gradientOf, type StepShape } from './gradient-model.ts';
import { outputData } from './run-pictures.ts';
import type { Patches } from './sample-patches.ts';
import { withSession, type Workbench } from './workbench.ts';

/**
 * Chosen so that the outcome does not hang on the seed: rounding differs between
 * CPUs, and training amplifies it, so another CPU is as good as another seed.
 * Half the steps gave 90 to 97 % over four seeds, these 96.9 to 98 % over five.
 */
const DESCENT = Object.freeze({
  steps: 2000,
  batch: 384,
  /** Highest learning rate, reached after the share of steps in `warmUp`, then a half cosine. */
  rate: 1e-2,
  warmUp: 0.1,
  decay: 0.15,
  /** With a residual connection the layer starts as a small correction. */
  residualStart: 0.3,
});

/** A layer's convolution: [channels, width] and [channels]. */
export interface Convolution {
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

/**
 * Trains a convolution so that a linear classifier behind its Relu tells what
 * is at each position (greedy layer-wise training: Belilovsky, Eickenberg and
 * Oyallon, 2019). The classifier is thrown away.
 */
export async function descend(
  bench: Workbench,
  patches: Patches,
  options: { readonly channels: number; readonly random: Random },
): Promise<Convolution> {
  const { channels, random } = options;
  const shape: StepShape = {
    batch: DESCENT.batch,
    width: patches.width,
    channels,
    classes: CLASS_COUNT,
    residual: patches.residuals !== null,
  };
  const parameters = startParameters(shape, random);
  await withSession(bench, gradientModel(shape), async (session) => {
    const optimizers = createOptimizers(parameters);
    const batch = emptyBatch(shape);
    for (let step = 0; step < DESCENT.steps; step += 1) {
      bench.signal.throwIfAborted();
      fillBatch(batch, patches, random);
      const outputs = await runStep(session, shape, { ...batch, ...parameters });
      const rate = learningRate(step / DESCENT.steps);
      for (const { name, adam } of optimizers) {
        adam.step(outputData(outputs, gradientOf(name)), rate);
      }
    }
  });
  return { weight: transpose(parameters.weight, shape), bias: parameters.bias };
}

interface Parameters {
  readonly weight: Float32Array;
  readonly bias: Float32Array;
  readonly readout: Float32Array;
  readonly offset: Float32Array;
}

/** He initialization (He et al., 2015). */
function startParameters(shape: StepShape, random: Random): Parameters {
  const { width, channels, classes } = shape;
  const spread = Math.sqrt(2 / width) * (shape.residual ? DESCENT.residualStart : 1);
  const normal = (length: number, deviation: number): Float32Array => {
    return Float32Array.from({ length }, () => deviation * random.normal());
  };
  return {
    weight: normal(width * channels, spread),
    bias: new Float32Array(channels),
    readout: normal(channels * classes, Math.sqrt(1 / channels)),
    offset: new Float32Array(classes),
  };
}

/** Weights decay, offsets do not. */
function createOptimizers(
  parameters: Parameters,
): { readonly name: string; readonly adam: Adam }[] {
  return (['weight', 'bias', 'readout', 'offset'] as const).map((name) => {
    const decay = name === 'weight' || name === 'readout' ? DESCENT.decay : 0;
    return { name, adam: new Adam(parameters[name], { decay }) };
  });
}

interface Batch {
  readonly patches: Float32Array;
  readonly targets: Float32Array;
  readonly residuals?: Float32Array;
}

function emptyBatch({ batch, width, channels, classes, residual }: StepShape): Batch {
  return {
    patches: new Float32Array(batch * width),
    targets: new Float32Array(batch * classes),
    ...(residual ? { residuals: new Float32Array(batch * channels) } : {}),
  };
}

function fillBatch(batch: Batch, from: Patches, random: Random): void {
  const { width, residuals } = from;
  const channels = residuals === null ? 0 : residuals.length / from.count;
  batch.targets.fill(0);
  for (let row = 0; row < DESCENT.batch; row += 1) {
    const index = random.integer(from.count);
    batch.patches.set(from.values.subarray(index * width, (index + 1) * width), row * width);
    batch.targets[row * CLASS_COUNT + (from.labels[index] as number)] = 1;
    if (residuals === null) continue;
    batch.residuals?.set(
      residuals.subarray(index * channels, (index + 1) * channels),
      row * channels,
    );
  }
}

async function runStep(
  session: Session,
  shape: StepShape,
  arrays: Batch & Parameters,
): Promise<Readonly<Record<string, Tensor>>> {
  const { batch, width, channels, classes } = shape;
  const dims: Readonly<Record<keyof Batch | keyof Parameters, readonly number[]>> = {
    patches: [batch, width],
    targets: [batch, classes],
    residuals: [batch, channels],
    weight: [width, channels],
    bias: [channels],
    readout: [channels, classes],
    offset: [classes],
  };
  const feeds: Record<string, Tensor> = {};
  for (const name of Object.keys(arrays) as (keyof typeof arrays)[]) {
    const data = arrays[name];
    if (data !== undefined) feeds[name] = { type: 'float32', dims: dims[name], data };
  }
  return session.run(feeds);
}

function learningRate(progress: number): number {
  if (progress < DESCENT.warmUp) return (DESCENT.rate * progress) / DESCENT.warmUp;
  const left = (progress - DESCENT.warmUp) / (1 - DESCENT.warmUp);
  return (DESCENT.rate * (1 + Math.cos(Math.PI * left))) / 2;
}

function transpose(weight: Float32Array, { width, channels }: StepShape): Float32Array {
  return Float32Array.from({ length: weight.length }, (_, i) => {
    const channel = Math.floor(i / width);
    return weight[(i % width) * channels + channel] as number;
  });
}
