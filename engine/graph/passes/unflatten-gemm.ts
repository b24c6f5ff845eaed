import { floatAttribute, intAttribute } from '../attributes.ts';
import type { IrModel } from '../ir/import-model.ts';
import type { IrNode, IrValue } from '../ir/ir.ts';
import { readFloats } from '../tensor-values.ts';
import { isSameShape, knownShapes, type ShapeOf } from './known-shape.ts';
import { isRow } from './linear-weights.ts';
import { visitNodes, type Pass } from './pass.ts';
import { substitute } from './substitute.ts';

/**
 * A Gemm between a Reshape to a matrix and one back, as GPT-2's Conv1D is exported,
 * becomes a MatMul of the whole and an Add of its bias, which the fusions of what
 * follows take in; the arithmetic of the shapes goes.
 */
export const unflattenGemm: Pass = Object.freeze({
  name: 'unflatten-gemm',
  summary: 'turns a Gemm between two Reshapes into MatMul and Add',
  pipeline: 'all',
  run: (model: IrModel) => {
    const shapeOf = knownShapes(model);
    return visitNodes(model, (node, log) => {
      const match = matchFlattened(node, shapeOf);
      if (match === null) return;
      if (typeof match === 'string') log.skipped(node, match);
      else {
        replace(node, match);
        log.rewrote();
      }
    });
  },
});

interface Flattened {
  readonly gemm: IrNode;
  /** What the first Reshape flattens: [..., rows]. */
  readonly x: IrValue;
  readonly weights: IrValue;
  readonly bias: IrValue | null;
}

/** At the Reshape behind the Gemm; a string says why something that looks like it is none. */
function matchFlattened(last: IrNode, shapeOf: ShapeOf): Flattened | string | null {
  const gemm = last.is('Reshape') ? (last.inputs[0]?.producer ?? null) : null;
  const [flat = null, weights = null, bias = null] = gemm?.is('Gemm') === true ? gemm.inputs : [];
  const first = flat?.producer ?? null;
  if (gemm === null || weights === null || first === null || !first.is('Reshape')) return null;
  const [x = null] = first.inputs;
  const dims = shapeOf(x);
  if (x === null || dims === null || dims.length < 3) return 'it is not known to flatten a batch';
  if (gemm.graph !== last.graph || gemm.output.soleUser !== last) {
    return 'the Gemm is used elsewhere too';
  }
  const size = sizeOf(gemm, weights);
  if (size === null) return 'its Gemm is more than a product with constant weights';
  const shape = [...dims.slice(0, -1), size.columns];
  if (dims.at(-1) !== size.rows || !isSameShape(shapeOf(last.output), shape)) {
    return 'it is not known to keep all but the last axis';
  }
  const isBias = bias === null || (bias.constant !== null && isRow(bias.constant, size.columns));
  return isBias ? { gemm, x, weights, bias } : 'its bias is not one constant for each column';
}

/** Of the weights as MatMul takes them; null for a Gemm that scales or transposes its input. */
function sizeOf(
  gemm: IrNode,
  { constant }: IrValue,
): { readonly rows: number; readonly columns: number } | null {
  const isPlain = intAttribute(gemm, 'transA', 0) === 0 && floatAttribute(gemm, 'alpha', 1) === 1;
  if (!isPlain || floatAttribute(gemm, 'beta', 1) !== 1) return null;
  if (constant === null || readFloats(constant) === null) return null;
  const [first = 0, second = 0] = constant.dims;
  return isTransposed(gemm) ? { rows: second, columns: first } : { rows: first, columns: second };
}

function isTransposed(gemm: IrNode): boolean {
  return intAttribute(gemm, 'transB', 0) !== 0;
}

function replace(last: IrNode, { gemm, x, weights, bias }: Flattened): void {
  const inputs = [x, isTransposed(gemm) ? transposed(gemm, weights) : weights];
  if (bias === null) {
    substitute(last, { opType: 'MatMul', inputs });
    return;
  }
  const product = last.graph.addNode({ opType: 'MatMul', name: gemm.name, inputs });
  substitute(last, { opType: 'Add', inputs: [product.output, bias] });
}

function transposed(gemm: IrNode, { name, constant }: IrValue): IrValue {
  const [columns = 0, rows = 0] = constant?.dims ?? [];
  const data = constant === null ? null : readFloats(constant);
  const matrix = Float32Array.from({ length: rows * columns }, (_, index) => {
    return data?.[(index % columns) * rows + Math.floor(index / columns)] ?? 0;
  });
  const content = { type: 'float32', dims: [rows, columns], data: matrix };
  return gemm.graph.addInitializer(`${name}_transposed`, content);
}
