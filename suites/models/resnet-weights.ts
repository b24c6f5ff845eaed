import { createRandom, type Random } from '../../engine/base/random.ts';

/** A convolution and the norm behind it, without bias, padded to keep its input's size. */
export interface ConvPlan {
  /** `conv1`, or such as `layer1.0.conv2` and `layer1.0.downsample`. */
  readonly name: string;
  /** Channels. */
  readonly from: number;
  readonly to: number;
  readonly kernel: number;
  readonly stride: number;
}

/** What a ResNet is filled with; asked for once each, in the order of the nodes. */
export interface ResnetWeights {
  /** [to, from, kernel, kernel]. */
  kernels(plan: ConvPlan): Float32Array;
  norm(plan: ConvPlan): { readonly scale: Float32Array; readonly bias: Float32Array };
  /** The classifier behind so many channels: [classes, channels] and [classes]. */
  head(channels: number): { readonly weight: Float32Array; readonly bias: Float32Array };
}

const CLASSES = 1000;

/** Noise of the right scale, drawn by the seed and the network's name. */
export function noiseWeights(network: string, seed: number): ResnetWeights {
  const random = createRandom(seed, network);
  return {
    kernels: (plan) => noiseKernels(plan, random),
    norm: ({ to }) => ({ scale: vary(to, 1, random), bias: vary(to, 0, random) }),
    head: (channels) => ({
      weight: noise(CLASSES * channels, Math.sqrt(1 / channels), random),
      bias: noise(CLASSES, 0.01, random),
    }),
  };
}

/** He initialization keeps the scale through the layers. */
export function noiseKernels({ from, to, kernel }: ConvPlan, random: Random): Float32Array {
  const area = kernel * kernel;
  return noise(to * from * area, Math.sqrt(2 / (from * area)), random);
}

function vary(channels: number, centre: number, random: Random): Float32Array {
  return Float32Array.from({ length: channels }, () => centre + 0.1 * random.normal());
}

function noise(length: number, scale: number, random: Random): Float32Array {
  return Float32Array.from({ length }, () => scale * random.normal());
}
