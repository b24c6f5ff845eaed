import { intAttribute, intsAttribute } from '../attributes.ts';
import { elementTypeNumber } from '../element-type.ts';
import type { IrNode, IrValue } from '../ir/ir.ts';
import type { OnnxTensor } from '../model.ts';
import { readFloats, readIntegers, readScalar } from '../tensor-values.ts';
import { constantOperand, keepShape, readExponent } from './constant-operand.ts';
import type { ShapeOf } from './known-shape.ts';

/** `numerator / sqrt(mean(squared^2) + epsilon)`, the mean along the last axis. */
export interface RootMeanSquare {
  readonly numerator: IrValue;
  readonly squared: IrValue;
  readonly epsilon: number;
  /** Why it is none after all. */
  readonly problem: string | null;
  /** Nodes that compute it, the last one first. */
  readonly nodes: readonly IrNode[];
}

/**
 * Looks for it at the Div or Mul that ends it. Everything in it is float32, because
 * the constants are.
 */
export function matchRootMeanSquare(last: IrNode, shapeOf: ShapeOf): RootMeanSquare | null {
  const quotient = matchQuotient(last);
  const sum = quotient?.radicand.producer ?? null;
  const operand = sum === null || !sum.is('Add') ? null : constantOperand(sum);
  if (quotient === null || sum === null || operand === null) return null;
  const epsilon = readScalar(operand.constant);
  const mean = operand.other.producer;
  if (epsilon === null || mean === null || !mean.is('ReduceMean')) return null;
  const square = matchSquare(mean.inputs[0] ?? null);
  if (square === null) return null;
  const constants = [...quotient.constants, operand.constant, ...square.constants];
  const keeps = keepShape(constants, quotient.numerator, shapeOf);
  const problem = keeps ? null : 'a constant may add an axis to the result';
  return {
    problem: isLastAxisMean(mean, shapeOf) ? problem : NOT_LAST_AXIS,
    numerator: quotient.numerator,
    squared: square.of,
    epsilon,
    nodes: [last, ...quotient.nodes, sum, mean, square.node],
  };
}

export const NOT_LAST_AXIS = 'it is not known to average along the last axis, which it keeps';

interface Quotient {
  readonly numerator: IrValue;
  readonly radicand: IrValue;
  readonly nodes: readonly IrNode[];
  readonly constants: readonly OnnxTensor[];
}

/** `a / sqrt(v)` and `a * (1 / sqrt(v))`. */
function matchQuotient(node: IrNode): Quotient | null {
  const [a = null, b = null] = node.inputs;
  if (a === null || b === null) return null;
  if (node.is('Div')) {
    const root = matchPower(b, 0.5);
    return root === null ? null : { ...root, numerator: a };
  }
  if (!node.is('Mul')) return null;
  const right = matchPower(b, -0.5);
  if (right !== null) return { ...right, numerator: a };
  const left = matchPower(a, -0.5);
  return left === null ? null : { ...left, numerator: b };
}

/** `v ^ 0.5` or `v ^ -0.5`. */
function matchPower(value: IrValue, power: number): Omit<Quotient, 'numerator'> | null {
  const node = value.producer;
  const [a = null, b = null] = node?.inputs ?? [];
  if (node === null || a === null) return null;
  if (node.is('Sqrt') && power === 0.5) return { radicand: a, nodes: [node], constants: [] };
  if (node.is('Pow')) {
    const exponent = b?.constant ?? null;
    if (exponent === null || readScalar(exponent) !== power) return null;
    return { radicand: a, nodes: [node], constants: [exponent] };
  }
  if (power !== -0.5) return null;
  const one = a.constant;
  const isInverse = node.is('Div') && one !== null && readScalar(one) === 1;
  const inner = node.is('Reciprocal') ? a : isInverse ? b : null;
  const root = inner === null ? null : matchPower(inner, 0.5);
  if (root === null) return null;
  const constants = isInverse && one !== null ? [one] : [];
  return { ...root, nodes: [node, ...root.nodes], constants: [...constants, ...root.constants] };
}

interface Square {
  readonly of: IrValue;
  readonly node: IrNode;
  readonly constants: readonly OnnxTensor[];
}

/** `a ^ 2` and `a * a`. */
function matchSquare(value: IrValue | null): Square | null {
  const node = value?.producer ?? null;
  const [a = null, b = null] = node?.inputs ?? [];
  if (node === null || a === null) return null;
  if (node.is('Mul') && a === b) return { of: a, node, constants: [] };
  const exponent = node.is('Pow') ? (b?.constant ?? null) : null;
  if (exponent === null || readExponent(exponent) !== 2) return null;
  return { of: a, node, constants: [exponent] };
}

/** Axes are an attribute until opset 17, an input since 18. */
export function isLastAxisMean(node: IrNode, shapeOf: ShapeOf): boolean {
  if (!node.is('ReduceMean') || intAttribute(node, 'keepdims', 1) !== 1) return false;
  const given = node.inputs[1]?.constant ?? null;
  const axes = given === null ? intsAttribute(node, 'axes') : readIntegers(given);
  const [axis] = axes ?? [];
  if (axis === undefined || axes?.length !== 1) return false;
  const rank = shapeOf(node.inputs[0])?.length;
  return axis === -1 || (rank !== undefined && axis === rank - 1);
}

/** Through a Cast to float32, which is none where its input is float32 already. */
export function beforeCast(value: IrValue): { readonly value: IrValue; readonly casts: IrNode[] } {
  const cast = value.producer;
  const [input = null] = cast?.inputs ?? [];
  if (cast === null || input === null || !cast.is('Cast')) return { value, casts: [] };
  const isToFloat = intAttribute(cast, 'to', 0) === elementTypeNumber('float32');
  return isToFloat ? { value: input, casts: [cast] } : { value, casts: [] };
}

/** Constants along the last axis that follow a normalization. */
export interface LastAxisConstants {
  /** By operator; absent where none follows. */
  readonly operands: ReadonlyMap<string, IrValue>;
  readonly nodes: readonly IrNode[];
  readonly last: IrNode;
}

/**
 * Follows `from` through the operators, each at most once and in this order, with a
 * constant of one element for each of the `size` along the last axis. A Cast to
 * float32 of what is float32 is passed over.
 */
export function followLastAxis(
  from: IrNode,
  { size, operators }: { readonly size: number; readonly operators: readonly string[] },
): LastAxisConstants {
  const operands = new Map<string, IrValue>();
  const nodes: IrNode[] = [];
  let last = from;
  for (const opType of operators) {
    const cast = soleUser(last, 'Cast');
    const isNoop = cast !== null && beforeCast(cast.output).casts.length > 0;
    const node = soleUser(isNoop ? cast : last, opType);
    const operand = node === null ? null : constantOperand(node);
    if (node === null || operand === null || !isVector(operand.constant, size)) continue;
    nodes.push(...(isNoop ? [cast] : []), node);
    operands.set(opType, operand.constantValue);
    last = node;
  }
  return { operands, nodes, last };
}

function soleUser(node: IrNode, opType: string): IrNode | null {
  const user = node.output.soleUser;
  return user !== null && user.is(opType) && user.graph === node.graph ? user : null;
}

function isVector(tensor: OnnxTensor, size: number): boolean {
  return tensor.dims.length === 1 && tensor.dims[0] === size && readFloats(tensor) !== null;
}

/** The factor of a normalization that is followed by none: the operators require one. */
export function addOnes(last: IrNode, size: number): IrValue {
  const data = new Float32Array(size).fill(1);
  return last.graph.addInitializer(`${last.output.name}_scale`, {
    type: 'float32',
    dims: [size],
    data,
  });
}
