import type { IrModel } from '../ir/import-model.ts';
import { replaceUses, type IrNode, type IrValue } from '../ir/ir.ts';
import { isFloat32Conv, toFusedConv } from './fused-conv.ts';
import { isSameShape, knownShapes, type ShapeOf } from './known-shape.ts';
import { visitNodes, type Pass } from './pass.ts';
import { removeDeadFrom } from './remove-dead.ts';

/**
 * A convolution, the Add of a residual and a Relu become the runtime's FusedConv
 * with its fourth input. On request only: such a node keeps the runtime from its
 * blocked layout, in which it fuses the same by itself (ONNX Runtime 1.30, a
 * residual net with AVX-512: 21.7 ms with this pass, 16.5 ms without it).
 */
export const fuseConvAdd: Pass = Object.freeze({
  name: 'fuse-conv-add',
  summary: "joins Conv, a residual Add and Relu to the runtime's FusedConv (often slower)",
  pipeline: 'optional',
  providers: ['cpu'],
  run: (model: IrModel) => {
    const shapeOf = knownShapes(model);
    return visitNodes(model, (add, log) => {
      if (!add.is('Add')) return;
      const [a = null, b = null] = add.inputs;
      const conv = convOf(a, add) ?? convOf(b, add);
      const residual = conv?.output === a ? b : a;
      // A constant for each channel is a bias: fuse-conv-affine has it.
      if (conv === null || residual === null || residual.constant !== null) return;
      const reason = fuse(conv, add, { model, residual, shapeOf });
      if (reason === null) log.rewrote();
      else log.skipped(add, reason);
    });
  },
});

function convOf(value: IrValue | null, add: IrNode): IrNode | null {
  const conv = value?.producer ?? null;
  if (conv === null || !conv.is('Conv') || conv.graph !== add.graph) return null;
  // The first one that only the Add needs; then the residual cannot depend on it either.
  return conv.output.soleUser === add ? conv : null;
}

/** Null when it was done, else why not. */
function fuse(
  conv: IrNode,
  add: IrNode,
  {
    model,
    residual,
    shapeOf,
  }: {
    readonly model: IrModel;
    readonly residual: IrValue;
    readonly shapeOf: ShapeOf;
  },
): string | null {
  if (!isFloat32Conv(conv)) return 'the Conv before it is not known to be float32';
  if (!isSameShape(shapeOf(conv.output), shapeOf(residual))) {
    return 'the two sides are not known to have the same shape';
  }
  const relu = add.output.soleUser;
  const hasRelu = relu !== null && relu.is('Relu') && relu.graph === add.graph;
  const last = hasRelu ? relu : add;
  conv.setInput(3, residual);
  toFusedConv(model, conv, hasRelu ? { name: 'Relu', params: [] } : null);
  replaceUses(last.output, conv.output);
  removeDeadFrom(last);
  return null;
}
