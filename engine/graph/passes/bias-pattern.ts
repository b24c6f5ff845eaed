import type { IrModel } from '../ir/import-model.ts';
import type { IrGraph, IrNode, IrValue } from '../ir/ir.ts';
import { readFloats, tensorSize } from '../tensor-values.ts';
import { constantOperand } from './constant-operand.ts';
import { RUNTIME_DOMAIN, useRuntimeDomain } from './fused-conv.ts';
import { knownShapes, type ShapeOf } from './known-shape.ts';
import { visitNodes, type Rewriting } from './pass.ts';
import { substitute } from './substitute.ts';

/** Every activation that `takes` accepts becomes one of the runtime's, with the bias before it. */
export function takeInBias(
  model: IrModel,
  { opType, takes }: { readonly opType: string; readonly takes: (node: IrNode) => boolean },
): Rewriting {
  const shapeOf = knownShapes(model);
  return visitNodes(model, (node, log) => {
    const bias = takes(node) ? matchBias(node.inputs[0] ?? null, node, shapeOf) : null;
    if (bias === null) return;
    if (typeof bias === 'string') {
      log.skipped(node, bias);
      return;
    }
    const inputs = [bias.x, biasVector(bias, node.graph)];
    substitute(node, { opType, domain: RUNTIME_DOMAIN, inputs });
    useRuntimeDomain(model);
    log.rewrote();
  });
}

/** A constant vector along the last axis that is added to `x`, whose shape stays. */
export interface Bias {
  readonly x: IrValue;
  /** One float32 for each entry of the last axis, after axes of 1 maybe. */
  readonly value: IrValue;
}

const NO_BIAS = 'its summand is not known to be one float32 for each entry of the last axis';

/**
 * The bias that is added to give `sum`, for `user` to take in. A string says why an
 * Add of a constant is none; null: it is no such Add.
 */
export function matchBias(
  sum: IrValue | null,
  user: IrNode,
  shapeOf: ShapeOf,
): Bias | string | null {
  const add = sum?.producer ?? null;
  const operand = add === null || !add.is('Add') ? null : constantOperand(add);
  if (sum === null || add === null || operand === null) return null;
  if (sum.soleUser !== user || add.graph !== user.graph) {
    return 'the sum before it is used elsewhere too';
  }
  const { constant, constantValue, other } = operand;
  const [dims, size] = [shapeOf(other), constant.dims.at(-1)];
  if (size === undefined || tensorSize(constant) !== size) return NO_BIAS;
  if (readFloats(constant) === null || dims?.at(-1) !== size) return NO_BIAS;
  // More axes than x has would be added to the sum.
  return constant.dims.length > dims.length ? NO_BIAS : { x: other, value: constantValue };
}

/** The bias as the runtime's operators take it, `[size]`: the file's own where it is such. */
export function biasVector({ value }: Bias, graph: IrGraph): IrValue {
  const tensor = value.constant;
  const data = tensor === null ? null : readFloats(tensor);
  if (tensor === null || data === null || tensor.dims.length === 1) return value;
  const dims = [data.length];
  return graph.addInitializer(`${value.name}_vector`, { type: 'float32', dims, data });
}
