import type { IrNode, IrValue } from '../ir/ir.ts';
import type { OnnxTensor } from '../model.ts';
import { readIntegers, readScalar, tensorSize } from '../tensor-values.ts';
import type { ShapeOf } from './known-shape.ts';

/** A node of two operands (Add, Mul, ...), one of them constant. */
export interface ConstantOperand {
  readonly constant: OnnxTensor;
  readonly constantValue: IrValue;
  readonly other: IrValue;
  /** Which operand the constant is. */
  readonly index: 0 | 1;
}

/** Null unless exactly one of the two is constant. */
export function constantOperand(node: IrNode): ConstantOperand | null {
  const [a = null, b = null] = node.inputs;
  if (a === null || b === null) return null;
  if (b.constant !== null) {
    if (a.constant !== null) return null;
    return { constant: b.constant, constantValue: b, other: a, index: 1 };
  }
  return a.constant === null
    ? null
    : { constant: a.constant, constantValue: a, other: b, index: 0 };
}

/**
 * Whether an operation on both leaves the shape of `beside` as it is, when the
 * constants have one element each: `[1]` beside a scalar would add an axis.
 */
export function keepShape(
  constants: readonly OnnxTensor[],
  beside: IrValue,
  shapeOf: ShapeOf,
): boolean {
  const most = Math.max(0, ...constants.map(({ dims }) => dims.length));
  return most === 0 || most <= (shapeOf(beside)?.length ?? 0);
}

/** A Pow's exponent of one element; since opset 12 it may be an integer. */
export function readExponent(tensor: OnnxTensor): number | null {
  if (tensorSize(tensor) !== 1) return null;
  return readScalar(tensor) ?? readIntegers(tensor)?.[0] ?? null;
}
