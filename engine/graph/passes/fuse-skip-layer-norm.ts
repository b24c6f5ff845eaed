import type { IrModel } from '../ir/import-model.ts';
import type { IrValue } from '../ir/ir.ts';
import { biasVector, matchBias } from './bias-pattern.ts';
import { useRuntimeDomain } from './fused-conv.ts';
import { knownShapes, type ShapeOf } from './known-shape.ts';
import { substituteNormalizedSum } from './normalized-sum.ts';
import { visitNodes, type Pass } from './pass.ts';
import { matchSkip, type SkipMatch } from './skip-pattern.ts';

/**
 * The Add of a residual connection, the LayerNormalization behind it and the bias of the
 * product before it become the runtime's SkipLayerNormalization. Where the sum goes on
 * as the next residual, as where the normalization comes first in a layer, the node
 * gives it too. Fewer nodes, but slower on the CPU, see `residual-sum`.
 */
export const fuseSkipLayerNorm: Pass = Object.freeze({
  name: 'fuse-skip-layer-norm',
  summary: "joins a residual Add and its LayerNormalization to the runtime's operator",
  pipeline: 'optional',
  run: (model: IrModel) => {
    const shapeOf = knownShapes(model);
    return visitNodes(model, (node, log) => {
      const match = node.is('LayerNormalization') ? matchSkip(node, shapeOf) : null;
      if (match === null) return;
      if (typeof match === 'string') {
        log.skipped(node, match);
        return;
      }
      const opType = 'SkipLayerNormalization';
      substituteNormalizedSum(match, { opType, inputs: inputsOf(match, shapeOf), sumOutput: 3 });
      useRuntimeDomain(model);
      log.rewrote();
    });
  },
});

/** Input, skip, gamma, beta and the bias of one of the first two, optional ones at the end left out. */
function inputsOf(match: SkipMatch, shapeOf: ShapeOf): readonly (IrValue | null)[] {
  const { add, scale, shift, input, skip } = match;
  const constants = shift === null ? [scale] : [scale, shift];
  for (const value of [input, skip]) {
    const bias = matchBias(value, add, shapeOf);
    if (bias === null || typeof bias === 'string') continue;
    const pair = value === input ? [bias.x, skip] : [input, bias.x];
    return [...pair, scale, shift, biasVector(bias, add.graph)];
  }
  return [input, skip, ...constants];
}
