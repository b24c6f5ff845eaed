import type { IrModel } from '../ir/import-model.ts';
import { replaceUses, type IrNode } from '../ir/ir.ts';
import { isActivation, isFloat32Conv, readActivation, toFusedConv } from './fused-conv.ts';
import { visitNodes, type Pass } from './pass.ts';
import { removeDeadFrom } from './remove-dead.ts';

/** A convolution and the activation after it become the runtime's FusedConv. */
export const fuseConvActivation: Pass = Object.freeze({
  name: 'fuse-conv-activation',
  summary: "joins Conv and the activation after it to the runtime's FusedConv",
  pipeline: 'all',
  providers: ['cpu'],
  run: (model: IrModel) =>
    visitNodes(model, (node, log) => {
      if (!isActivation(node)) return;
      const conv = node.inputs[0]?.producer ?? null;
      if (conv === null || !conv.is('Conv') || conv.graph !== node.graph) return;
      const reason = fuse(model, conv, node);
      if (reason === null) log.rewrote();
      else log.skipped(node, reason);
    }),
});

/** Null when it was done, else why not. */
function fuse(model: IrModel, conv: IrNode, node: IrNode): string | null {
  if (conv.output.soleUser !== node) return 'the Conv before it is used elsewhere too';
  if (!isFloat32Conv(conv)) return 'the Conv before it is not known to be float32';
  const activation = readActivation(node);
  if (typeof activation === 'string') return activation;
  toFusedConv(model, conv, activation);
  replaceUses(node.output, conv.output);
  removeDeadFrom(node);
  return null;
}
