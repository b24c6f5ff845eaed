import { createAttribute } from '../create-attribute.ts';
import type { IrModel } from '../ir/import-model.ts';
import { matchGelu } from './gelu-pattern.ts';
import { knownShapes } from './known-shape.ts';
import { visitNodes, type Pass } from './pass.ts';
import { substitute } from './substitute.ts';

/** Gelu is an operator of `ai.onnx` since this version. */
export const GELU_OPSET = 20;

/** The nodes that exporters write for Gelu, by erf or by tanh, become one Gelu. */
export const fuseGelu: Pass = Object.freeze({
  name: 'fuse-gelu',
  summary: 'joins the nodes of a Gelu (erf or tanh form) to one, from opset 20 on',
  pipeline: 'clean',
  run: (model: IrModel) => {
    const opset = model.opsets.get('') ?? 0;
    const shapeOf = knownShapes(model);
    return visitNodes(model, (node, log) => {
      const match = matchGelu(node, shapeOf);
      if (match === null) return;
      if (typeof match === 'string') log.skipped(node, match);
      else if (opset < GELU_OPSET) {
        log.skipped(node, `Gelu is an operator since opset ${GELU_OPSET}, the model has ${opset}`);
      } else {
        const { x, last, approximate } = match;
        const attribute = createAttribute('approximate', { string: approximate });
        substitute(last, {
          opType: 'Gelu',
          inputs: [x],
          attributes: new Map([['approximate', attribute]]),
        });
        log.rewrote();
      }
    });
  },
});
