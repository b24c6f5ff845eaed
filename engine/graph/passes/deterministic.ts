import type { IrModel } from '../ir/import-model.ts';
import type { IrNode } from '../ir/ir.ts';

/** Standard operators that draw random numbers, Dropout when it trains. */
const RANDOM: ReadonlySet<string> = new Set([
  'Bernoulli',
  'Dropout',
  'Multinomial',
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
]);

const STANDARD_DOMAINS: ReadonlySet<string> = new Set(['', 'ai.onnx.ml']);

/**
 * Tells the nodes whose outputs depend on nothing but their inputs and
 * attributes: standard operators that are neither random nor control flow (whose
 * body may be random), nor a function of the model under a standard name.
 */
export function deterministicNodes(model: IrModel): (node: IrNode) => boolean {
  const functions = new Set(model.functions.map(({ domain, name }) => keyOf(domain ?? '', name)));
  return (node) =>
    STANDARD_DOMAINS.has(node.domain) &&
    !RANDOM.has(node.opType) &&
    node.subgraphs.size === 0 &&
    !functions.has(keyOf(node.domain, node.opType));
}

function keyOf(domain: string, name = ''): string {
  return `${domain === 'ai.onnx' ? '' : domain}:${name}`;
}
