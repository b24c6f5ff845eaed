import type { IrModel } from '../ir/import-model.ts';
import { GELU_OPSET } from './fuse-gelu.ts';
import { RUNTIME_DOMAIN, useRuntimeDomain } from './fused-conv.ts';
import { matchGelu } from './gelu-pattern.ts';
import { knownShapes } from './known-shape.ts';
import { visitNodes, type Pass } from './pass.ts';
import { substitute } from './substitute.ts';

/**
 * Gelu in models of an opset that has none of its own: the runtime's operators,
 * Gelu for the erf form and FastGelu for the tanh form.
 */
export const fuseRuntimeGelu: Pass = Object.freeze({
  name: 'fuse-runtime-gelu',
  summary: "joins the nodes of a Gelu to the runtime's Gelu or FastGelu, below opset 20",
  pipeline: 'all',
  run: (model: IrModel) => {
    if ((model.opsets.get('') ?? 0) >= GELU_OPSET) return { rewrites: 0, skipped: [] };
    const shapeOf = knownShapes(model);
    return visitNodes(model, (node, log) => {
      const match = matchGelu(node, shapeOf);
      if (match === null) return;
      if (typeof match === 'string') {
        log.skipped(node, match);
        return;
      }
      const opType = match.approximate === 'tanh' ? 'FastGelu' : 'Gelu';
      substitute(match.last, { opType, domain: RUNTIME_DOMAIN, inputs: [match.x] });
      useRuntimeDomain(model);
      log.rewrote();
    });
  },
});
