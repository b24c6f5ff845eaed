import { intAttribute } from '../attributes.ts';
import type { TensorContent } from '../create-tensor.ts';
import type { IrNode, IrValue } from '../ir/ir.ts';
import { readFloats } from '../tensor-values.ts';
import type { Rearranged } from './attention-layout.ts';
import { constantOperand } from './constant-operand.ts';
import { isLinear, readLinear, type LinearNode } from './linear-weights.ts';
import type { ShapesOf } from './mask-axes.ts';

/** Columns of `input * weight + bias`. */
export interface Projection {
  /** `[batch, length, in]`. */
  readonly input: IrValue;
  readonly linear: LinearNode;
  /** What is added behind it, one for each column of the weight. */
  readonly added: Float32Array | null;
  /** The first column, and how many. */
  readonly first: number;
  readonly count: number;
  readonly nodes: readonly IrNode[];
}

/**
 * Reads MatMul and Add, or Gemm between Reshapes to a matrix and back, with constant
 * float32 weights: all columns, those of one kind, or one part of a Split. A string:
 * why not.
 */
export function readProjection(
  { source, kind }: Pick<Rearranged, 'source' | 'kind'>,
  shapesOf: ShapesOf,
): Projection | string {
  const part = kind === null ? readPart(source, shapesOf) : kindOf(source, kind, shapesOf);
  if (part === null) return 'queries, keys and values are not known to be parts of a product';
  const nodes: IrNode[] = [...part.nodes];
  let node = skipReshape(part.whole, { nodes, shapesOf }).producer;
  const sum = node?.is('Add') === true ? constantOperand(node) : null;
  if (node !== null && sum !== null) {
    nodes.push(node);
    node = skipReshape(sum.other, { nodes, shapesOf }).producer;
  }
  const isProduct = node !== null && isLinear(node) && (node.is('MatMul') || node.is('Gemm'));
  if (node === null || !isProduct) return 'queries, keys and values are no products of weights';
  if (intAttribute(node, 'transA', 0) !== 0) return 'a Gemm transposes its input';
  const linear = readLinear(node);
  if (typeof linear === 'string') return linear;
  nodes.push(node);
  const { outputs } = linear.layout;
  const added = sum === null ? null : readFloats(sum.constant);
  const isRow = sum === null || (added?.length === outputs && sum.constant.dims.at(-1) === outputs);
  if (!isRow) return 'what is added to a product is not one float32 for each column';
  const input = inputOf(node, { nodes, shapesOf });
  if (input === null) return 'what is multiplied with the weights has not three axes';
  return { input, linear, added, first: part.first, count: part.count ?? outputs, nodes };
}

interface PartOfColumns {
  readonly whole: IrValue;
  readonly first: number;
  /** Null for all. */
  readonly count: number | null;
  readonly nodes: readonly IrNode[];
}

function kindOf(whole: IrValue, kind: number, shapesOf: ShapesOf): PartOfColumns | null {
  const columns = shapesOf(whole).dims?.at(-1);
  if (typeof columns !== 'number') return null;
  return { whole, first: (kind * columns) / 3, count: columns / 3, nodes: [] };
}

function readPart(value: IrValue, shapesOf: ShapesOf): PartOfColumns | null {
  const split = value.producer;
  if (split?.is('Split') !== true) return { whole: value, first: 0, count: null, nodes: [] };
  const [whole = null] = split.inputs;
  const sizes = split.outputs.map((output) => output && shapesOf(output).dims?.at(-1));
  const rank = shapesOf(value).dims?.length;
  const axis = intAttribute(split, 'axis', 0);
  const isLast = axis === -1 || (rank !== undefined && axis === rank - 1);
  if (whole === null || !isLast || !sizes.every((size) => typeof size === 'number')) return null;
  const index = split.outputs.indexOf(value);
  const first = sizes.slice(0, index).reduce((sum, size) => sum + size, 0);
  return { whole, first, count: sizes[index] ?? null, nodes: [split] };
}

interface Walk {
  /** Takes in what is passed over. */
  readonly nodes: IrNode[];
  readonly shapesOf: ShapesOf;
}

/** Over a Reshape that only joins or parts the rows of matrices. */
function skipReshape(value: IrValue, { nodes, shapesOf }: Walk): IrValue {
  const node = value.producer;
  const [before = null] = node?.is('Reshape') === true ? node.inputs : [];
  if (node === null || before === null || !keepsRows(before, value, shapesOf)) return value;
  nodes.push(node);
  return before;
}

function keepsRows(before: IrValue, after: IrValue, shapesOf: ShapesOf): boolean {
  const [columns, same] = [shapesOf(before).dims?.at(-1), shapesOf(after).dims?.at(-1)];
  return typeof columns === 'number' && columns === same;
}

/** The Reshape in front of a Gemm may serve others too, so that it need not go. */
function inputOf(node: IrNode, { nodes, shapesOf }: Walk): IrValue | null {
  const [value = null] = node.inputs;
  const dims = value === null ? null : shapesOf(value).dims;
  if (value === null || dims?.length === 3) return value;
  const reshape = value.producer;
  const input = skipReshape(value, { nodes: [], shapesOf });
  if (reshape !== null && value.uses.size === 1) nodes.push(reshape);
  return shapesOf(input).dims?.length === 3 ? input : null;
}

/** Weights `[in, columns of all]` and their bias, the projections of one input side by side. */
export function packProjections(projections: readonly Projection[]): {
  readonly weight: TensorContent;
  readonly bias: TensorContent;
} {
  const inputs = projections[0]?.linear.layout.inputs ?? 0;
  const total = projections.reduce((sum, { count }) => sum + count, 0);
  const weight = new Float32Array(inputs * total);
  const bias = new Float32Array(total);
  let start = 0;
  for (const projection of projections) {
    copyColumns(projection, { weight, bias, start, total });
    start += projection.count;
  }
  return {
    weight: { type: 'float32', dims: [inputs, total], data: weight },
    bias: { type: 'float32', dims: [total], data: bias },
  };
}

function copyColumns(
  { linear, added, first, count }: Projection,
  to: {
    readonly weight: Float32Array;
    readonly bias: Float32Array;
    readonly start: number;
    readonly total: number;
  },
): void {
  const { node, weight, bias, alpha } = linear;
  const { inputs, outputs } = linear.layout;
  const isTransposed = node.is('Gemm') && intAttribute(node, 'transB', 0) !== 0;
  const [rowStep, columnStep] = isTransposed ? [1, inputs] : [outputs, 1];
  for (let column = 0; column < count; column += 1) {
    const from = first + column;
    to.bias[to.start + column] = (bias[from] ?? 0) + (added?.[from] ?? 0);
    for (let row = 0; row < inputs; row += 1) {
      const value = weight[row * rowStep + from * columnStep] ?? 0;
      to.weight[row * to.total + to.start + column] = alpha * value;
    }
  }
}
