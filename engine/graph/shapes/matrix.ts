import type { Dim } from '../describe.ts';
import { broadcastDims } from './elementwise.ts';
import type { Inference, Inferences, Operator } from './operator.ts';
import { shaped } from './value-shape.ts';

/** Products of matrices. */

const matMul: Inference = (op) => shaped(op.type(0), productDims(op, op.dims(0), op.dims(1)));

/** As numpy.matmul: a vector gets a dim of 1 for the product, which is then dropped. */
export function productDims(
  op: Operator,
  left: readonly Dim[] | null,
  right: readonly Dim[] | null,
): readonly Dim[] | null {
  if (left === null || right === null || left.length === 0 || right.length === 0) return null;
  const batch = broadcastDims(op, [left.slice(0, -2), right.slice(0, -2)]) ?? [];
  const rows = left.length === 1 ? [] : [left.at(-2) ?? null];
  const columns = right.length === 1 ? [] : [right.at(-1) ?? null];
  return [...batch, ...rows, ...columns];
}

/** [rows of A, columns of B], either transposed. */
export const gemm: Inference = (op) => {
  const [a, b] = [op.dims(0), op.dims(1)];
  const rows = a?.[op.int('transA', 0) === 0 ? 0 : 1] ?? null;
  const columns = b?.[op.int('transB', 0) === 0 ? 1 : 0] ?? null;
  return shaped(op.type(0), [rows, columns]);
};

/** Only `ab,bc->ac` with every index a letter; an ellipsis or no arrow is left alone. */
const einsum: Inference = (op) => {
  const [inputs = '', output, ...more] = op.text('equation', '').replaceAll(' ', '').split('->');
  if (output === undefined || more.length > 0 || /[^A-Za-z,]/.test(inputs + output)) {
    return shaped(op.type(0), null);
  }
  const found = new Map<string, Dim>();
  for (const [index, letters] of inputs.split(',').entries()) {
    const dims = op.dims(index);
    for (const [axis, letter] of letters.split('').entries()) {
      const known = found.get(letter) ?? 1;
      found.set(letter, op.algebra.broadcast(known, dims?.[axis] ?? null));
    }
  }
  return shaped(
    op.type(0),
    output.split('').map((letter) => found.get(letter) ?? null),
  );
};

export const matrices: Inferences = {
  Einsum: einsum,
  Gemm: gemm,
  MatMul: matMul,
  MatMulInteger: (op) => shaped('int32', productDims(op, op.dims(0), op.dims(1))),
  // A, its scale and zero point, B and its own, then the scale and zero point of the output.
  QLinearMatMul: (op) => shaped(op.type(7), productDims(op, op.dims(0), op.dims(3))),
};
