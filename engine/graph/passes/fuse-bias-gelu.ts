import { stringAttribute } from '../attributes.ts';
import type { IrModel } from '../ir/import-model.ts';
import type { IrNode } from '../ir/ir.ts';
import { takeInBias } from './bias-pattern.ts';
import { RUNTIME_DOMAIN } from './fused-conv.ts';
import type { Pass } from './pass.ts';

/** The Add of a bias, such as that of a MatMul, and a Gelu by erf become one BiasGelu. */
export const fuseBiasGelu: Pass = Object.freeze({
  name: 'fuse-bias-gelu',
  summary: "joins the Add of a bias and a Gelu (erf form) to the runtime's BiasGelu",
  pipeline: 'all',
  run: (model: IrModel) => takeInBias(model, { opType: 'BiasGelu', takes: isErfGelu }),
});

/** Of `ai.onnx` since opset 20, below it the runtime's own, as `fuse-runtime-gelu` leaves it. */
function isErfGelu(node: IrNode): boolean {
  if (node.is('Gelu', RUNTIME_DOMAIN)) return true;
  return node.is('Gelu') && stringAttribute(node, 'approximate', 'none') === 'none';
}
