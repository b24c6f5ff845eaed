import { ModelBuilder } from '../../../engine/graph/builder.ts';
import type { OnnxModel } from '../../../engine/graph/model.ts';

/** Sizes of one gradient step. */
export interface StepShape {
  readonly batch: number;
  /** Values of a patch. */
  readonly width: number;
  readonly channels: number;
  readonly classes: number;
  readonly residual: boolean;
}

/**
 * One step of softmax regression on a hidden layer, forward and backward, as a
 * graph of matrix products, so that the runtime does the arithmetic:
 *
 *   h = relu(patches W + b [+ residuals]);  p = softmax(h V + c)
 *   G = (p - targets) / batch;              dV = h' G;   dc = 1' G
 *   D = (G V') * [h > 0];                   dW = patches' D;  db = 1' D
 *
 * A convolution seen at single positions is such a product, W being its weights.
 */
export function gradientModel(shape: StepShape): OnnxModel {
  const { batch, width, channels, classes } = shape;
  const builder = new ModelBuilder({ name: 'gradient', opset: 17 });
  const patches = builder.input('patches', 'float32', [batch, width]);
  const targets = builder.input('targets', 'float32', [batch, classes]);
  const weight = builder.input('weight', 'float32', [width, channels]);
  const bias = builder.input('bias', 'float32', [channels]);
  const readout = builder.input('readout', 'float32', [channels, classes]);
  const offset = builder.input('offset', 'float32', [classes]);
  const linear = builder.node('Gemm', [patches, weight, bias]);
  const sum = shape.residual
    ? builder.node('Add', [linear, builder.input('residuals', 'float32', [batch, channels])])
    : linear;
  const hidden = builder.node('Relu', [sum]);
  const logits = builder.node('Gemm', [hidden, readout, offset]);
  const probability = builder.node('Softmax', [logits], { attributes: { axis: { int: 1 } } });
  const error = scaled(builder, builder.node('Sub', [probability, targets]), 1 / batch);
  const back = builder.node('Gemm', [error, readout], { attributes: { transB: { int: 1 } } });
  const delta = builder.node('Mul', [back, builder.node('Sign', [hidden])]);
  addGradients(builder, { input: hidden, delta: error, weight: 'readout', bias: 'offset' });
  addGradients(builder, { input: patches, delta, weight: 'weight', bias: 'bias' });
  return builder.build();
}

function addGradients(
  builder: ModelBuilder,
  names: {
    readonly input: string;
    readonly delta: string;
    readonly weight: string;
    readonly bias: string;
  },
): void {
  builder.node('Gemm', [names.input, names.delta], {
    outputs: [gradientOf(names.weight)],
    attributes: { transA: { int: 1 } },
  });
  const axis = { type: 'int64', dims: [1], data: new BigInt64Array([0n]) };
  const axes = builder.initializer(`axes of ${names.bias}`, axis);
  builder.node('ReduceSum', [names.delta, axes], {
    outputs: [gradientOf(names.bias)],
    attributes: { keepdims: { int: 0 } },
  });
  builder.output(gradientOf(names.weight), 'float32', null);
  builder.output(gradientOf(names.bias), 'float32', null);
}

/** The output that holds the gradient of an input. */
export function gradientOf(parameter: string): string {
  return `gradient of ${parameter}`;
}

function scaled(builder: ModelBuilder, value: string, factor: number): string {
  const data = new Float32Array([factor]);
  const constant = builder.initializer('factor', { type: 'float32', dims: [], data });
  return builder.node('Mul', [value, constant]);
}
