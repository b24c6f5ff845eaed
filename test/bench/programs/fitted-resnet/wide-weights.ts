import { createRandom, type Random } from '../../../../engine/base/random.ts';
import {
  noiseKernels,
  type ConvPlan,
  type ResnetWeights,
} from '../../../../suites/models/resnet-weights.ts';
import type { Head } from '../../../../suites/inspection/network/layer.ts';
import { hasShortcut, type Block } from './block.ts';
import type { Moments } from './moments.ts';
import { blockConvolutions, type Stem } from './narrow-model.ts';

/** What was trained: a few channels of the stem and of some blocks. */
export interface NarrowNetwork {
  readonly stem: Stem;
  readonly blocks: readonly Block[];
  readonly head: Head;
  /** What each convolution gives on the pictures that the norms are measured on. */
  readonly moments: ReadonlyMap<string, Moments>;
}

/**
 * How loud the seeded noise is that fills the other channels, in standard deviations of
 * what the norms behind let through. Trained networks have such channels too.
 */
const GAIN = Object.freeze({
  /** Inside a block. */
  inner: 0.6,
  /** What a block adds to the stream, and what a shortcut carries on. */
  added: 0.2,
  carried: 0.5,
  /** What a block of noise adds to the channels in use. */
  disturbance: 0.01,
  /** What the channels of noise add to a trained channel, relative to its weights. */
  leak: 0.02,
});

/** Of red, green and blue: the level of light. */
const LUMA = Object.freeze([0.299, 0.587, 0.114]);

/**
 * ResNet-50's weights: the channels in use come first everywhere, all others are noise.
 * Their norms return what the narrow network gave, whatever the wide one's statistics are.
 */
export function wideWeights(network: NarrowNetwork, seed: number): ResnetWeights {
  const random = createRandom(seed, 'wide resnet');
  const trained = trainedKernels(network);
  return {
    kernels: (plan) => {
      const kernels = noiseKernels(plan, random);
      const own = trained.get(plan.name);
      if (own !== undefined) embed(kernels, own, plan);
      return kernels;
    },
    norm: (plan) => {
      const used = usedChannels(network, plan.name);
      const own = network.moments.get(plan.name);
      const first = trained.get(plan.name)?.first ?? 0;
      return wideNorm(plan, { used, own, first, random });
    },
    head: (channels) => {
      const classes = network.head.bias.length;
      const plan = { name: 'fc', from: channels, to: classes, kernel: 1, stride: 1 };
      const weight = noiseKernels(plan, random);
      const from = network.head.weight.length / classes;
      embed(weight, { first: 0, to: classes, from, data: network.head.weight }, plan);
      return { weight, bias: network.head.bias };
    },
  };
}

/** [to, from, kernel, kernel] with fewer channels than the wide convolution. */
interface Kernels {
  /** Where the outputs begin among the wide one's. */
  readonly first: number;
  readonly to: number;
  readonly from: number;
  readonly data: Float32Array;
}

function trainedKernels({ stem, blocks }: NarrowNetwork): Map<string, Kernels> {
  const area = stem.weight.length / stem.bias.length;
  const colours = LUMA.length;
  const data = Float32Array.from({ length: stem.weight.length * colours }, (_, i) => {
    const filter = Math.floor(i / (area * colours));
    const colour = Math.floor(i / area) % colours;
    return (stem.weight[filter * area + (i % area)] as number) * (LUMA[colour] as number);
  });
  const kernels = new Map<string, Kernels>([
    ['conv1', { first: 0, to: stem.bias.length, from: colours, data }],
  ]);
  for (const { name, dims, weight } of blocks.flatMap(blockConvolutions)) {
    const [to, from] = dims as [number, number];
    kernels.set(name, { first: 0, to, from, data: weight });
  }
  for (const { plan } of blocks) {
    kernels.set(`${plan.name}.conv3`, copying(plan.inner, plan.from));
    if (hasShortcut(plan)) kernels.set(`${plan.name}.downsample`, copying(plan.from, 0));
  }
  return kernels;
}

/** So many channels as they are. */
function copying(channels: number, first: number): Kernels {
  const data = new Float32Array(channels * channels);
  for (let i = 0; i < channels; i += 1) data[i * channels + i] = 1;
  return { first, to: channels, from: channels, data };
}

/** Writes trained channels over rows of noise; what these take from the others is quiet. */
function embed(kernels: Float32Array, own: Kernels, { from, kernel }: ConvPlan): void {
  const area = kernel * kernel;
  const width = own.from * area;
  for (let row = 0; row < own.to; row += 1) {
    const trained = own.data.subarray(row * width, (row + 1) * width);
    const wide = kernels.subarray((own.first + row) * from * area).subarray(0, from * area);
    const others = wide.subarray(width);
    const quiet = (GAIN.leak * norm(trained)) / (norm(others) || 1);
    for (let i = 0; i < others.length; i += 1) others[i] = (others[i] as number) * quiet;
    wide.set(trained);
  }
}

function norm(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}

/** Channels in use of the stream that a convolution adds to. */
function usedChannels({ blocks }: NarrowNetwork, name: string): number {
  const stage = name.split('.')[0] as string;
  return blocks.findLast(({ plan }) => plan.name.startsWith(stage))?.plan.to ?? 0;
}

function wideNorm(
  { name, to }: ConvPlan,
  from: {
    readonly used: number;
    readonly own: Moments | undefined;
    readonly first: number;
    readonly random: Random;
  },
): { readonly scale: Float32Array; readonly bias: Float32Array } {
  const { used, own, first, random } = from;
  const scale = new Float32Array(to);
  const bias = new Float32Array(to);
  for (let channel = 0; channel < to; channel += 1) {
    const gain = channel < used ? disturbanceOf(name) : gainOf(name);
    scale[channel] = own?.deviation[channel - first] ?? gain * (1 + 0.1 * random.normal());
    bias[channel] = own?.mean[channel - first] ?? gain * 0.1 * random.normal();
  }
  return { scale, bias };
}

function gainOf(name: string): number {
  if (name.endsWith('conv3')) return GAIN.added;
  return name.endsWith('downsample') ? GAIN.carried : GAIN.inner;
}

/** Of the channels in use of the stream, those not yet written too. */
function disturbanceOf(name: string): number {
  if (name.endsWith('conv3')) return GAIN.disturbance;
  return name.endsWith('downsample') ? 0 : GAIN.inner;
}
