import { createAttribute } from '../create-attribute.ts';
import type { IrModel } from '../ir/import-model.ts';
import type { IrNode, IrValue } from '../ir/ir.ts';
import { readScalar } from '../tensor-values.ts';
import { constantOperand, keepShape } from './constant-operand.ts';
import { RUNTIME_DOMAIN, useRuntimeDomain } from './fused-conv.ts';
import { knownShapes, type ShapeOf } from './known-shape.ts';
import { visitNodes, type Pass } from './pass.ts';
import { isSelfContained, substitute } from './substitute.ts';

/**
 * `x sigmoid(alpha x)` with a constant factor, 1.702 in CLIP and its like (Hendrycks and
 * Gimpel 2016), becomes the runtime's QuickGelu. Without a factor it is SiLU, which
 * convolutions take in better as it is.
 */
export const fuseQuickGelu: Pass = Object.freeze({
  name: 'fuse-quick-gelu',
  summary: "joins x sigmoid(alpha x) to the runtime's QuickGelu",
  pipeline: 'all',
  run: (model: IrModel) => {
    const shapeOf = knownShapes(model);
    return visitNodes(model, (node, log) => {
      const match = matchQuickGelu(node, shapeOf);
      if (match === null) return;
      if (typeof match === 'string') {
        log.skipped(node, match);
        return;
      }
      const alpha = createAttribute('alpha', { float: match.alpha });
      substitute(node, {
        opType: 'QuickGelu',
        domain: RUNTIME_DOMAIN,
        inputs: [match.x],
        attributes: new Map([['alpha', alpha]]),
      });
      useRuntimeDomain(model);
      log.rewrote();
    });
  },
});

interface QuickGelu {
  readonly x: IrValue;
  readonly alpha: number;
}

/** At the last Mul; a string says why something that looks like it is none. */
function matchQuickGelu(node: IrNode, shapeOf: ShapeOf): QuickGelu | string | null {
  const [a = null, b = null] = node.inputs;
  if (!node.is('Mul') || a === null || b === null) return null;
  const gate = [a, b].map(readGate).find((one) => one !== null) ?? null;
  if (gate === null) return null;
  const { scaled, sigmoid, operand } = gate;
  const x = sigmoid.output === a ? b : a;
  if (operand.other !== x) return 'it multiplies another value than the Sigmoid takes';
  const alpha = readScalar(operand.constant);
  if (alpha === null) return 'the Sigmoid does not take x times one float32';
  if (!isSelfContained(new Set([scaled, sigmoid, node]), node)) {
    return 'a part of it is used elsewhere too';
  }
  const keeps = keepShape([operand.constant], x, shapeOf);
  return keeps ? { x, alpha } : 'a constant may add an axis to the result';
}

/** The Sigmoid of a value times a constant. */
function readGate(value: IrValue) {
  const sigmoid = value.producer;
  const scaled = sigmoid?.inputs[0]?.producer ?? null;
  if (sigmoid === null || scaled === null || !sigmoid.is('Sigmoid') || !scaled.is('Mul')) {
    return null;
  }
  const operand = constantOperand(scaled);
  return operand === null ? null : { sigmoid, scaled, operand };
}
