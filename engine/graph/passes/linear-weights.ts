import { floatAttribute, intAttribute } from '../attributes.ts';
import { createAttribute } from '../create-attribute.ts';
import { createTensor } from '../create-tensor.ts';
import type { IrNode } from '../ir/ir.ts';
import type { OnnxTensor } from '../model.ts';
import { readFloats, tensorSize } from '../tensor-values.ts';

/**
 * Conv, ConvTranspose, Gemm or MatMul with constant float32 weights, seen alike:
 * `first x second x inner` weights, a bias for each output channel, and which
 * channels a weight lies between. So what scales and shifts channels around such
 * a node can move into its constants.
 */
export interface LinearNode {
  readonly node: IrNode;
  /** Must not be written to. */
  readonly weight: Float32Array;
  readonly dims: readonly number[];
  /** With Gemm's beta; zeros where the node has no bias. */
  readonly bias: Float64Array;
  /** Gemm's alpha, which multiplies the weights but not the bias. */
  readonly alpha: number;
  readonly layout: Layout;
}

interface Layout {
  readonly inputs: number;
  readonly outputs: number;
  /** Channels of the weights at `[first, second]`. */
  readonly inputOf: (first: number, second: number) => number;
  readonly outputOf: (first: number, second: number) => number;
}

/** `y = scale * x + shift` for each channel, in float64. */
export interface ChannelAffine {
  readonly scale: Float64Array;
  readonly shift: Float64Array;
}

const LINEAR = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);

export function isLinear(node: IrNode): boolean {
  return node.isOneOf(LINEAR);
}

/** The node's constants, or why they cannot be had. */
export function readLinear(node: IrNode): LinearNode | string {
  const tensor = node.inputs[1]?.constant ?? null;
  if (tensor === null) return `the weights of the ${node.opType} are not constant`;
  const weight = readFloats(tensor);
  if (weight === null) return `the weights of the ${node.opType} are not float32`;
  const layout = layoutOf(node, tensor.dims);
  if (layout === null) return `the weights of the ${node.opType} have another shape`;
  const bias = readBias(node, layout.outputs);
  if (typeof bias === 'string') return bias;
  const alpha = node.opType === 'Gemm' ? floatAttribute(node, 'alpha', 1) : 1;
  return { node, weight, dims: tensor.dims, bias, alpha, layout };
}

/** Layouts of the weights as the operators' specifications give them. */
function layoutOf(node: IrNode, dims: readonly number[]): Layout | null {
  const [first = 0, second = 0] = dims;
  if (node.opType === 'Gemm' || node.opType === 'MatMul') {
    if (dims.length !== 2) return null;
    const transposed = node.opType === 'Gemm' && intAttribute(node, 'transB', 0) !== 0;
    return transposed
      ? { outputs: first, inputs: second, outputOf: (a) => a, inputOf: (_a, b) => b }
      : { outputs: second, inputs: first, outputOf: (_a, b) => b, inputOf: (a) => a };
  }
  const group = intAttribute(node, 'group', 1);
  if (dims.length < 3 || group < 1 || first === 0 || first % group !== 0) return null;
  const grouped = (a: number, b: number): number => Math.floor(a / (first / group)) * second + b;
  // Conv: M x C/group x kernel; ConvTranspose: C x M/group x kernel.
  return node.opType === 'Conv'
    ? { outputs: first, inputs: second * group, outputOf: (a) => a, inputOf: grouped }
    : { outputs: second * group, inputs: first, outputOf: grouped, inputOf: (a) => a };
}

function readBias(node: IrNode, outputs: number): Float64Array | string {
  const value = node.opType === 'MatMul' ? null : (node.inputs[2] ?? null);
  if (value === null) return new Float64Array(outputs);
  if (value.constant === null) return `the bias of the ${node.opType} is not constant`;
  const bias = readFloats(value.constant);
  if (bias === null || !isRow(value.constant, outputs)) {
    return `the bias of the ${node.opType} is not one float32 for each output`;
  }
  const beta = node.opType === 'Gemm' ? floatAttribute(node, 'beta', 1) : 1;
  return Float64Array.from({ length: outputs }, (_, index) => {
    return beta * (bias[bias.length === 1 ? 0 : index] ?? 0);
  });
}

/** One number, or one for each column: what broadcasts to rows of `columns` (Gemm's C). */
export function isRow(tensor: OnnxTensor, columns: number): boolean {
  const size = tensorSize(tensor);
  if (tensor.dims.length > 2 || (size !== 1 && size !== columns)) return false;
  return size === 1 || tensor.dims.at(-1) === columns;
}

/** Constants of the node that does what `linear` and then `affine` do. */
export function affineAfter(linear: LinearNode, { scale, shift }: ChannelAffine): NewConstants {
  const { outputOf } = linear.layout;
  return {
    weight: mapWeights(linear, (weight, a, b) => weight * (scale[outputOf(a, b)] ?? 0)),
    bias: linear.bias.map((bias, index) => bias * (scale[index] ?? 0) + (shift[index] ?? 0)),
  };
}

/** Constants of the node that does what `affine` and then `linear` do. */
export function affineBefore(linear: LinearNode, { scale, shift }: ChannelAffine): NewConstants {
  const { inputOf, outputOf } = linear.layout;
  const bias = linear.bias.slice();
  const weight = mapWeights(linear, (old, a, b) => {
    const [input, output] = [inputOf(a, b), outputOf(a, b)];
    bias[output] = (bias[output] ?? 0) + linear.alpha * old * (shift[input] ?? 0);
    return old * (scale[input] ?? 0);
  });
  return { weight, bias };
}

export interface NewConstants {
  readonly weight: Float32Array;
  readonly bias: Float64Array;
}

function mapWeights(
  { weight, dims }: LinearNode,
  map: (weight: number, first: number, second: number) => number,
): Float32Array {
  const [first = 0, second = 0] = dims;
  const inner = weight.length / Math.max(1, first * second);
  const mapped = new Float32Array(weight.length);
  for (let a = 0, index = 0; a < first; a += 1) {
    for (let b = 0; b < second; b += 1) {
      for (const end = index + inner; index < end; index += 1) {
        mapped[index] = map(weight[index] ?? 0, a, b);
      }
    }
  }
  return mapped;
}

/**
 * Gives the node new constants; a bias that is zero is not added. A MatMul that
 * gets a bias becomes a Gemm: the caller has made sure that its left side is a
 * matrix. False, and nothing is changed, when a number left the range of float32.
 */
export function writeLinear(linear: LinearNode, { weight, bias }: NewConstants): boolean {
  const { node } = linear;
  const rounded = Float32Array.from(bias);
  if (!weight.every(Number.isFinite) || !rounded.every(Number.isFinite)) return false;
  writeConstant(node, 1, { dims: linear.dims, data: weight });
  const hasBias = node.opType !== 'MatMul' && (node.inputs[2] ?? null) !== null;
  if (!hasBias && rounded.every((value) => value === 0)) return true;
  if (node.opType === 'MatMul') node.opType = 'Gemm';
  if (node.attributes.has('beta'))
    node.attributes.set('beta', createAttribute('beta', { float: 1 }));
  writeConstant(node, 2, { dims: [rounded.length], data: rounded });
  return true;
}

/** In place where nobody else reads the old constant, else as one of its own. */
function writeConstant(
  node: IrNode,
  index: number,
  content: { readonly dims: readonly number[]; readonly data: Float32Array },
): void {
  const old = node.inputs[index] ?? null;
  const tensor = { type: 'float32', ...content };
  if (old !== null && old.soleUser === node) {
    old.graph.setInitializer(old, createTensor(old.name, tensor));
    old.info = null;
    return;
  }
  const name = node.name === '' ? node.output.name : node.name;
  const hint = old === null ? `${name}_bias` : old.name;
  node.setInput(index, node.graph.addInitializer(hint, tensor));
}
