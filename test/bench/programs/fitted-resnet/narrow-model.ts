import { ModelBuilder } from '../../../../engine/graph/builder.ts';
import type { OnnxModel } from '../../../../engine/graph/model.ts';
import type { Block } from './block.ts';
import { LARGE } from './enlarge.ts';
import { STEM_CHANNELS, STEM_KERNEL } from './stem-filters.ts';

/** The stem's convolution of one plane: [64, 1, 7, 7] and [64]. */
export interface Stem {
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

/** What a narrow network begins with: a picture, or the stream that a block left. */
export type Start =
  | { readonly kind: 'picture'; readonly stem: Stem }
  | { readonly kind: 'stream'; readonly channels: number };

/**
 * The trained channels alone, biases in the convolutions: input `input`, and output
 * `stream`, or what each convolution gives, under its name.
 */
export function narrowModel(
  start: Start,
  blocks: readonly Block[],
  outputs: 'stream' | 'convolutions' = 'stream',
): OnnxModel {
  const builder = new ModelBuilder({ name: 'narrow', opset: 17 });
  const convolve = (input: string, convolution: Convolution): string => {
    const output = addConvolution(builder, input, convolution);
    if (outputs === 'convolutions') builder.output(output, 'float32', null);
    return output;
  };
  let last =
    start.kind === 'picture'
      ? addStem(builder, start.stem, convolve)
      : builder.input('input', 'float32', ['N', start.channels, 'H', 'W']);
  for (const block of blocks) last = addBlock(builder, block, { input: last, convolve });
  if (outputs === 'stream') {
    builder.output(builder.node('Identity', [last], { outputs: ['stream'] }), 'float32', null);
  }
  return builder.build();
}

/** [to, from, kernel, kernel] and [to] or none. */
export interface Convolution {
  /** As in ResNet-50. */
  readonly name: string;
  readonly dims: readonly number[];
  readonly weight: Float32Array;
  readonly bias: Float32Array | null;
  readonly stride: number;
}

/** A block's three convolutions, and its shortcut's where it has one. */
export function blockConvolutions({ plan, parameters }: Block): Convolution[] {
  const { name, from, inner, to, stride } = plan;
  const { reduce, spatial, expand, shortcut } = parameters;
  const convolution = (
    part: string,
    dims: readonly number[],
    rest: {
      readonly matrix: Float32Array;
      readonly bias: Float32Array | null;
      readonly stride?: number;
    },
  ): Convolution => {
    const { matrix, bias } = rest;
    const weight = toKernels(matrix, dims);
    return { name: `${name}.${part}`, dims, weight, bias, stride: rest.stride ?? 1 };
  };
  const three = { matrix: spatial, bias: parameters.spatialBias, stride };
  return [
    convolution('conv1', [inner, from, 1, 1], { matrix: reduce, bias: parameters.reduceBias }),
    convolution('conv2', [inner, inner, 3, 3], three),
    convolution('conv3', [to, inner, 1, 1], { matrix: expand, bias: parameters.expandBias }),
    ...(shortcut === null
      ? []
      : [convolution('downsample', [to, from, 1, 1], { matrix: shortcut, bias: null, stride })]),
  ];
}

type Convolve = (input: string, convolution: Convolution) => string;

function addStem(builder: ModelBuilder, stem: Stem, convolve: Convolve): string {
  const image = builder.input('input', 'float32', ['N', 1, LARGE, LARGE]);
  const dims = [STEM_CHANNELS, 1, STEM_KERNEL, STEM_KERNEL];
  const convolved = convolve(image, { name: 'conv1', dims, ...stem, stride: 2 });
  return builder.node('MaxPool', [builder.node('Relu', [convolved])], {
    attributes: {
      kernel_shape: { ints: [3, 3] },
      pads: { ints: [1, 1, 1, 1] },
      strides: { ints: [2, 2] },
    },
  });
}

function addBlock(
  builder: ModelBuilder,
  block: Block,
  { input, convolve }: { readonly input: string; readonly convolve: Convolve },
): string {
  const [reduce, spatial, expand, shortcut] = blockConvolutions(block) as [
    Convolution,
    Convolution,
    Convolution,
    Convolution?,
  ];
  const reduced = builder.node('Relu', [convolve(input, reduce)]);
  const seen = builder.node('Relu', [convolve(reduced, spatial)]);
  const added = shortcut === undefined ? input : convolve(input, shortcut);
  return builder.node('Relu', [builder.node('Add', [convolve(seen, expand), added])]);
}

function addConvolution(
  builder: ModelBuilder,
  input: string,
  { name, dims, weight, bias, stride }: Convolution,
): string {
  const kernel = dims[2] as number;
  const pad = (kernel - 1) / 2;
  const floats = (part: string, data: Float32Array, shape: readonly number[]): string => {
    return builder.initializer(`${name}.${part}`, { type: 'float32', dims: shape, data });
  };
  const weights = floats('weight', weight, dims);
  const inputs = [input, weights, ...(bias === null ? [] : [floats('bias', bias, [bias.length])])];
  return builder.node('Conv', inputs, {
    outputs: [name],
    attributes: {
      kernel_shape: { ints: [kernel, kernel] },
      pads: { ints: [pad, pad, pad, pad] },
      strides: { ints: [stride, stride] },
    },
  });
}

/** [cells x inputs, outputs] as a convolution's [outputs, inputs, height, width]. */
function toKernels(matrix: Float32Array, dims: readonly number[]): Float32Array {
  const [outputs, inputs, height, width] = dims as [number, number, number, number];
  const cells = height * width;
  const kernels = new Float32Array(matrix.length);
  for (let row = 0; row < cells * inputs; row += 1) {
    const input = row % inputs;
    const cell = (row - input) / inputs;
    for (let output = 0; output < outputs; output += 1) {
      kernels[(output * inputs + input) * cells + cell] = matrix[row * outputs + output] as number;
    }
  }
  return kernels;
}
