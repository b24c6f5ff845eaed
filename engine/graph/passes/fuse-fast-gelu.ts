import { stringAttribute } from '../attributes.ts';
import type { IrModel } from '../ir/import-model.ts';
import type { IrNode } from '../ir/ir.ts';
import { takeInBias } from './bias-pattern.ts';
import { RUNTIME_DOMAIN } from './fused-conv.ts';
import type { Pass } from './pass.ts';

/** The Add of a bias, such as that of a MatMul, and a Gelu by tanh become one FastGelu. */
export const fuseFastGelu: Pass = Object.freeze({
  name: 'fuse-fast-gelu',
  summary: "joins the Add of a bias and a Gelu (tanh form) to the runtime's FastGelu",
  pipeline: 'all',
  run: (model: IrModel) => takeInBias(model, { opType: 'FastGelu', takes: isTanhGelu }),
});

/** Without a bias yet. Of `ai.onnx` since opset 20, below it as `fuse-runtime-gelu` leaves it. */
function isTanhGelu(node: IrNode): boolean {
  if (node.is('FastGelu', RUNTIME_DOMAIN)) return (node.inputs[1] ?? null) === null;
  return node.is('Gelu') && stringAttribute(node, 'approximate', 'none') === 'tanh';
}
