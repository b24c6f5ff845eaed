import { intAttribute } from '../attributes.ts';
import type { IrModel } from '../ir/import-model.ts';
import { replaceUses, type IrNode } from '../ir/ir.ts';
import { readFloats } from '../tensor-values.ts';
import { constantOperand } from './constant-operand.ts';
import { knownShapes, type ShapeOf } from './known-shape.ts';
import { isRow } from './linear-weights.ts';
import { visitNodes, type Pass } from './pass.ts';
import { removeDeadFrom } from './remove-dead.ts';

/**
 * MatMul, or Gemm without C, and an Add of one constant for each column become
 * one Gemm. Gemm takes matrices only, so both sides must be known to be such.
 */
export const fuseMatMulAdd: Pass = Object.freeze({
  name: 'fuse-matmul-add',
  summary: 'joins MatMul and the Add of a constant bias to one Gemm',
  pipeline: 'clean',
  run: (model: IrModel) => {
    const shapeOf = knownShapes(model);
    return visitNodes(model, (add, log) => {
      const product = productBefore(add);
      if (product === null) return;
      // Batches of matrices are what most MatMul nodes are for: nothing to mention.
      if ((shapeOf(product.inputs[0])?.length ?? 2) !== 2) return;
      const reason = fuse(product, add, shapeOf);
      if (reason === null) log.rewrote();
      else log.skipped(add, reason);
    });
  },
});

/** The MatMul, or the Gemm without C, to which the node adds a constant. */
function productBefore(add: IrNode): IrNode | null {
  if (!add.is('Add')) return null;
  const product = constantOperand(add)?.other.producer ?? null;
  if (product === null || product.graph !== add.graph) return null;
  const isGemm = product.is('Gemm') && (product.inputs[2] ?? null) === null;
  return isGemm || product.is('MatMul') ? product : null;
}

/** Null when it was done, else why not. */
function fuse(product: IrNode, add: IrNode, shapeOf: ShapeOf): string | null {
  if (product.output.soleUser !== add)
    return `the ${product.opType} before it is used elsewhere too`;
  const operand = constantOperand(add);
  const [left, right] = product.inputs;
  if (shapeOf(left)?.length !== 2) return 'the left side is not known to be a matrix';
  const rightDims = shapeOf(right);
  if (rightDims?.length !== 2) return 'the right side is not known to be a matrix';
  const isTransposed = product.is('Gemm') && intAttribute(product, 'transB', 0) !== 0;
  const columns = rightDims[isTransposed ? 0 : 1];
  if (operand === null || typeof columns !== 'number' || !isRow(operand.constant, columns)) {
    return 'the summand is not known to be one number for each column';
  }
  if (readFloats(operand.constant) === null) return 'it is not float32';
  product.opType = 'Gemm';
  // It multiplied a C that was not there.
  product.attributes.delete('beta');
  product.setInput(2, operand.constantValue);
  replaceUses(add.output, product.output);
  removeDeadFrom(add);
  return null;
}
