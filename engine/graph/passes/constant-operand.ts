import type { IrNode, IrValue } from '../ir/ir.ts';
import type { OnnxTensor } from '../model.ts';
import { readScalar } from '../tensor-values.ts';
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
 * A float32 constant of one element that leaves the shape of `beside` as it is:
 * `[1]` beside a scalar would add an axis. Null for everything else.
 */
export function scalarBeside(
  value: IrValue | null | undefined,
  beside: IrValue,
  shapeOf: ShapeOf,
): number | null {
  const constant = value?.constant ?? null;
  if (constant === null) return null;
  const { length: rank } = constant.dims;
  if (rank > 0 && rank > (shapeOf(beside)?.length ?? 0)) return null;
  return readScalar(constant);
}
