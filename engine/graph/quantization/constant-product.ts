import { floatAttribute, intAttribute } from '../attributes.ts';
import type { IrNode, IrValue } from '../ir/ir.ts';
import type { OnnxTensor } from '../model.ts';
import { constantOperand } from '../passes/constant-operand.ts';
import type { ShapeOf } from '../passes/known-shape.ts';
import { isRow } from '../passes/linear-weights.ts';
import { readFloats, tensorSize } from '../tensor-values.ts';

/**
 * A MatMul or Gemm with constant weights seen alike: `y = x W + b`, x float32 of any rank,
 * W a matrix of `rows x columns`, b of `columns`.
 */
export interface ConstantProduct {
  /** What gives y: the MatMul or Gemm, or the Add of the bias after it. */
  readonly last: IrNode;
  readonly input: IrValue;
  readonly weights: ProductWeights;
  readonly bias: ProductBias | null;
}

export interface ProductWeights {
  readonly value: IrValue;
  /** As in the file; must not be written to. */
  readonly data: Float32Array;
  readonly rows: number;
  readonly columns: number;
  /** The file has `columns x rows`. */
  readonly isTransposed: boolean;
  /** Gemm's alpha, which the data still lacks. */
  readonly factor: number;
}

export interface ProductBias {
  readonly value: IrValue;
  /** One for each column, or one for all. */
  readonly data: Float32Array;
  /** Gemm's beta, which the data still lacks. */
  readonly factor: number;
}

/**
 * Null for what is no product of constant weights; a reason for one that cannot be
 * quantized. An Add of one constant for each column is taken in when only it uses
 * the product.
 */
export function readConstantProduct(
  node: IrNode,
  { shapeOf, leastWeights }: { readonly shapeOf: ShapeOf; readonly leastWeights: number },
): ConstantProduct | string | null {
  const [input = null, value = null] = node.inputs;
  if (!node.is('MatMul') && !node.is('Gemm')) return null;
  if (input === null || value === null || value.initializer === null) return null;
  if (node.is('Gemm') && intAttribute(node, 'transA', 0) !== 0) {
    return 'its left side is transposed';
  }
  const weights = readWeights(node, value, leastWeights);
  if (typeof weights === 'string') return weights;
  const c = node.is('Gemm') ? (node.inputs[2] ?? null) : null;
  if (c === null) return { input, weights, ...biasAfter(node, weights.columns, shapeOf) };
  const bias = readGemmBias(node, c, weights.columns);
  return typeof bias === 'string' ? bias : { last: node, input, weights, bias };
}

/** The weights as a matrix of `rows x columns`, the factor included; a view where that is it. */
export function productMatrix(weights: ProductWeights): Float32Array {
  const { data, rows, columns, isTransposed, factor } = weights;
  if (!isTransposed) return factor === 1 ? data : data.map((weight) => weight * factor);
  const matrix = new Float32Array(data.length);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      matrix[row * columns + column] = (data[column * rows + row] as number) * factor;
    }
  }
  return matrix;
}

/** The bias as a value of shape `[columns]`: that of the file where it is such, else a new one. */
export function biasValue({ bias, weights, last }: ConstantProduct): IrValue | null {
  if (bias === null) return null;
  const { value, data, factor } = bias;
  const dims = [weights.columns];
  if (factor === 1 && value.constant?.dims.length === 1 && data.length === weights.columns) {
    return value;
  }
  const row = Float32Array.from({ length: weights.columns }, (_, index) => {
    return factor * (data[data.length === 1 ? 0 : index] as number);
  });
  return last.graph.addInitializer(`${value.name}_row`, { type: 'float32', dims, data: row });
}

/** The constant matrix that a node multiplies by, or why it cannot be had. */
export function readWeights(
  node: IrNode,
  value: IrValue,
  leastWeights: number,
): ProductWeights | string {
  const tensor = value.constant;
  if (tensor === null) return 'its weights may be fed';
  if (value.isOutput) return 'its weights are an output of the graph';
  const [first = 0, second = 0] = tensor.dims;
  if (tensor.dims.length !== 2) return 'its weights are no matrix';
  const data = readFloats(tensor);
  if (data === null) return 'its weights are not float32';
  if (data.length < leastWeights) {
    return `it has ${data.length} weights; it pays from ${leastWeights} on`;
  }
  const factor = node.is('Gemm') ? floatAttribute(node, 'alpha', 1) : 1;
  if (!data.every((weight) => Number.isFinite(Math.fround(weight * factor)))) {
    return 'its weights are not all finite';
  }
  const isTransposed = node.is('Gemm') && intAttribute(node, 'transB', 0) !== 0;
  const [rows, columns] = isTransposed ? [second, first] : [first, second];
  return { value, data, rows, columns, isTransposed, factor };
}

function readGemmBias(node: IrNode, value: IrValue, columns: number): ProductBias | string {
  if (value.constant === null) return 'its bias is not constant';
  const data = readFloats(value.constant);
  if (data === null || !isRow(value.constant, columns)) {
    return 'its bias is not one float32 for each column';
  }
  return { value, data, factor: floatAttribute(node, 'beta', 1) };
}

/** The bias of an Add that only the product goes to. */
function biasAfter(
  node: IrNode,
  columns: number,
  shapeOf: ShapeOf,
): Pick<ConstantProduct, 'last' | 'bias'> {
  const add = node.output.soleUser;
  const none = { last: node, bias: null };
  if (add === null || !add.is('Add') || add.graph !== node.graph) return none;
  const operand = constantOperand(add);
  if (operand === null || !isBiasOf(operand.constant, columns)) return none;
  const data = readFloats(operand.constant);
  // More axes than the product has would change its shape.
  const rank = shapeOf(node.inputs[0])?.length ?? 1;
  if (data === null || operand.constant.dims.length > rank) return none;
  return { last: add, bias: { value: operand.constantValue, data, factor: 1 } };
}

/** `[columns]`, or the same after axes of 1. */
function isBiasOf(tensor: OnnxTensor, columns: number): boolean {
  return tensor.dims.at(-1) === columns && tensorSize(tensor) === columns;
}
