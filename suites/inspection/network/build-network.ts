import { ModelBuilder } from '../../../engine/graph/builder.ts';
import type { OnnxModel } from '../../../engine/graph/model.ts';
import { SIDE } from '../images/canvas.ts';
import { EPSILON, type Head, type Layer } from './layer.ts';
import { CLASS_COUNT, FEATURES } from './layout.ts';

/**
 * Writes networks as an exporter does: Conv, BatchNormalization and Relu apart,
 * every attribute spelled out, a symbolic batch `N`.
 */
export function classifierModel(layers: readonly Layer[], head: Head): OnnxModel {
  const { builder, seen } = startNetwork(layers);
  const features = addPooling(builder, seen);
  const weight = builder.initializer('head.weight', floats([CLASS_COUNT, FEATURES], head.weight));
  const bias = builder.initializer('head.bias', floats([CLASS_COUNT], head.bias));
  builder.node('Gemm', [features, weight, bias], {
    name: '/head/Gemm',
    outputs: ['logits'],
    attributes: { alpha: { float: 1 }, beta: { float: 1 }, transB: { int: 1 } },
  });
  builder.output('logits', 'float32', ['N', CLASS_COUNT]);
  return builder.build();
}

/** The same without its head: output `features`, [N, FEATURES]. */
export function featuresModel(layers: readonly Layer[]): OnnxModel {
  const { builder, seen } = startNetwork(layers);
  builder.output(addPooling(builder, seen), 'float32', ['N', FEATURES]);
  return builder.build();
}

/** Outputs of the layers with the given indices, pooled where the layout says so. */
export function activationsModel(layers: readonly Layer[], indices: readonly number[]): OnnxModel {
  const { builder, outputs } = startNetwork(layers);
  for (const index of indices) builder.output(outputs[index] as string, 'float32', null);
  return builder.build();
}

/** What the last layer's BatchNormalization will see. */
export function convolutionModel(layers: readonly Layer[], last: Layer): OnnxModel {
  const network = startNetwork(layers);
  const convolved = addConvolution(network.builder, network.last, last);
  network.builder.output(convolved, 'float32', null);
  return network.builder.build();
}

/** The name of a layer's output. */
export function activationName({ plan }: Layer): string {
  return plan.pooled ? `/${plan.name}/pool/MaxPool_output_0` : `/${plan.name}/relu/Relu_output_0`;
}

interface StartedNetwork {
  readonly builder: ModelBuilder;
  /** Output of each layer by index. */
  readonly outputs: readonly string[];
  readonly last: string;
  /** What the classifier looks at. */
  readonly seen: readonly string[];
}

function startNetwork(layers: readonly Layer[]): StartedNetwork {
  const producer = { name: 'openclaw-inspection', version: '1' };
  const builder = new ModelBuilder({ name: 'inspection', opset: 17, irVersion: 8, producer });
  const outputs: string[] = [];
  const seen: string[] = [];
  let last = builder.input('image', 'float32', ['N', 1, SIDE, SIDE]);
  for (const layer of layers) {
    const active = addLayer(builder, layer, { input: last, outputs });
    if (layer.plan.seen) seen.push(active);
    last = layer.plan.pooled ? addMaxPool(builder, active, layer.plan.name) : active;
    outputs.push(last);
  }
  return { builder, outputs, last, seen };
}

function addLayer(
  builder: ModelBuilder,
  layer: Layer,
  from: { readonly input: string; readonly outputs: readonly string[] },
): string {
  const { name, residualFrom } = layer.plan;
  const normalized = addNorm(builder, addConvolution(builder, from.input, layer), layer);
  const residual = residualFrom === null ? undefined : from.outputs[residualFrom];
  const sum =
    residual === undefined
      ? normalized
      : builder.node('Add', [normalized, residual], { name: `/${name}/Add` });
  return builder.node('Relu', [sum], { name: `/${name}/relu/Relu` });
}

function addMaxPool(builder: ModelBuilder, input: string, name: string): string {
  return builder.node('MaxPool', [input], {
    name: `/${name}/pool/MaxPool`,
    attributes: {
      ceil_mode: { int: 0 },
      dilations: { ints: [1, 1] },
      kernel_shape: { ints: [2, 2] },
      pads: { ints: [0, 0, 0, 0] },
      strides: { ints: [2, 2] },
    },
  });
}

function addConvolution(builder: ModelBuilder, input: string, layer: Layer): string {
  const { plan, inputs, weight } = layer;
  const { kernel, stride, channels, name } = plan;
  const pad = (kernel - 1) / 2;
  const dims = [channels, inputs, kernel, kernel];
  const kernels = builder.initializer(`${name}.conv.weight`, floats(dims, weight));
  return builder.node('Conv', [input, kernels], {
    name: `/${name}/conv/Conv`,
    attributes: {
      dilations: { ints: [1, 1] },
      group: { int: 1 },
      kernel_shape: { ints: [kernel, kernel] },
      pads: { ints: [pad, pad, pad, pad] },
      strides: { ints: [stride, stride] },
    },
  });
}

function addNorm(builder: ModelBuilder, input: string, { plan, norm }: Layer): string {
  const parameter = (name: string, data: Float32Array): string => {
    return builder.initializer(`${plan.name}.bn.${name}`, floats([plan.channels], data));
  };
  const parameters = [
    parameter('weight', norm.scale),
    parameter('bias', norm.bias),
    parameter('running_mean', norm.mean),
    parameter('running_var', norm.variance),
  ];
  return builder.node('BatchNormalization', [input, ...parameters], {
    name: `/${plan.name}/bn/BatchNormalization`,
    attributes: {
      epsilon: { float: EPSILON },
      momentum: { float: 0.9 },
      training_mode: { int: 0 },
    },
  });
}

function addPooling(builder: ModelBuilder, seen: readonly string[]): string {
  const pooled = seen.flatMap((input, index) => [
    builder.node('GlobalAveragePool', [input], { name: `/pool${index}/GlobalAveragePool` }),
    builder.node('GlobalMaxPool', [input], { name: `/pool${index}/GlobalMaxPool` }),
  ]);
  const all = builder.node('Concat', pooled, {
    name: '/head/Concat',
    attributes: { axis: { int: 1 } },
  });
  return builder.node('Flatten', [all], {
    name: '/head/Flatten',
    outputs: ['features'],
    attributes: { axis: { int: 1 } },
  });
}

function floats(
  dims: readonly number[],
  data: Float32Array,
): { readonly type: 'float32'; readonly dims: readonly number[]; readonly data: Float32Array } {
  return { type: 'float32', dims, data };
}
