import { createAttribute } from '../create-attribute.ts';
import type { IrNode, IrValue } from '../ir/ir.ts';
import { RUNTIME_DOMAIN } from './fused-conv.ts';
import { removeDeadFrom } from './remove-dead.ts';

/** A normalization, and the Add whose sum it takes, of one graph. */
export interface NormalizedSum {
  readonly node: IrNode;
  readonly add: IrNode;
  readonly epsilon: number;
}

export interface RuntimeNormalization {
  readonly opType: string;
  readonly inputs: readonly (IrValue | null)[];
  /** Which output the sum is. */
  readonly sumOutput: number;
  /** Outputs that must be there, be it without a name. */
  readonly leastOutputs?: number;
}

/**
 * Puts one of the runtime's nodes where the Add and the normalization were. Where the
 * sum is used elsewhere too, the node gives that as well. Its inputs must not depend
 * on the sum.
 */
export function substituteNormalizedSum(
  { node, add, epsilon }: NormalizedSum,
  { opType, inputs, sumOutput, leastOutputs: least = 1 }: RuntimeNormalization,
): void {
  const [normalized, sum] = [node.output, add.output];
  const isUsed = sum.isOutput || sum.uses.size > 1;
  const between = Array.from({ length: sumOutput - 1 }, () => null);
  node.outputs[0] = null;
  if (isUsed) add.outputs[0] = null;
  node.graph.addNode({
    opType,
    domain: RUNTIME_DOMAIN,
    name: node.name,
    inputs,
    outputs: isUsed ? [normalized, ...between, sum] : [normalized, ...between.slice(0, least - 1)],
    attributes: new Map([['epsilon', createAttribute('epsilon', { float: epsilon })]]),
  });
  removeDeadFrom(node);
  removeDeadFrom(add);
}
