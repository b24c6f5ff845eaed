import { ModelBuilder } from '../../../../engine/graph/builder.ts';
import type { OnnxModel } from '../../../../engine/graph/model.ts';
import { hasShortcut, type Block } from './block.ts';
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

export interface NarrowOptions {
  readonly outputs?: 'stream' | 'convolutions';
  /** Standard deviation of what is added to the stream before each block. */
  readonly noise?: number;
}

/**
 * The channels in use alone, biases in the convolutions: input `input`, and output
 * `stream`, or what each of ResNet-50's convolutions gives, under its name. Those that
 * only copy are none here.
 */
export function narrowModel(
  start: Start,
  blocks: readonly Block[],
  { outputs = 'stream', noise = 0 }: NarrowOptions = {},
): OnnxModel {
  const builder = new ModelBuilder({ name: 'narrow', opset: 17 });
  const show: Show = (output) => {
    if (outputs === 'convolutions') builder.output(output, 'float32', null);
    return output;
  };
  let last =
    start.kind === 'picture'
      ? addStem(builder, start.stem, show)
      : builder.input('input', 'float32', ['N', start.channels, 'H', 'W']);
  for (const [index, block] of blocks.entries()) {
    const input = noise === 0 ? last : addNoise(builder, last, { scale: noise, seed: index + 1 });
    last = addBlock(builder, block, { input, show });
  }
  if (outputs === 'stream') {
    builder.output(builder.node('Identity', [last], { outputs: ['stream'] }), 'float32', null);
  }
  return builder.build();
}

/** [to, from, kernel, kernel] and [to]. */
export interface Convolution {
  /** As in ResNet-50. */
  readonly name: string;
  readonly dims: readonly number[];
  readonly weight: Float32Array;
  readonly bias: Float32Array;
  readonly stride: number;
}

/** A block's trained convolutions. */
export function blockConvolutions({ plan, parameters }: Block): [Convolution, Convolution] {
  const { name, from, inner, stride } = plan;
  const { reduce, reduceBias, spatial, spatialBias } = parameters;
  const [one, nine] = [
    [inner, from, 1, 1],
    [inner, inner, 3, 3],
  ];
  return [
    {
      name: `${name}.conv1`,
      dims: one,
      weight: toKernels(reduce, one),
      bias: reduceBias,
      stride: 1,
    },
    {
      name: `${name}.conv2`,
      dims: nine,
      weight: toKernels(spatial, nine),
      bias: spatialBias,
      stride,
    },
  ];
}

/** Makes a value an output where it is one. */
type Show = (value: string) => string;

function addStem(builder: ModelBuilder, stem: Stem, show: Show): string {
  const image = builder.input('input', 'float32', ['N', 1, LARGE, LARGE]);
  const dims = [STEM_CHANNELS, 1, STEM_KERNEL, STEM_KERNEL];
  const convolution = { name: 'conv1', dims, ...stem, stride: 2 };
  const convolved = show(addConvolution(builder, image, convolution));
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
  { input, show }: { readonly input: string; readonly show: Show },
): string {
  const { plan } = block;
  const [reduce, spatial] = blockConvolutions(block);
  const reduced = builder.node('Relu', [show(addConvolution(builder, input, reduce))]);
  const convolved = show(addConvolution(builder, reduced, spatial));
  const seen = builder.node('Relu', [convolved], { outputs: [`${plan.name}.conv3`] });
  const carried = hasShortcut(plan)
    ? show(
        builder.node('MaxPool', [input], {
          outputs: [`${plan.name}.downsample`],
          attributes: {
            kernel_shape: { ints: [1, 1] },
            strides: { ints: [plan.stride, plan.stride] },
          },
        }),
      )
    : input;
  return builder.node('Concat', [carried, show(seen)], { attributes: { axis: { int: 1 } } });
}

function addNoise(
  builder: ModelBuilder,
  input: string,
  { scale, seed }: { readonly scale: number; readonly seed: number },
): string {
  const noise = builder.node('RandomNormalLike', [input], {
    attributes: { scale: { float: scale }, seed: { float: seed } },
  });
  return builder.node('Add', [input, noise]);
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
  const inputs = [input, weights, floats('bias', bias, [bias.length])];
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
