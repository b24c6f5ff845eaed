import { createAttribute } from '../create-attribute.ts';
import type { IrModel } from '../ir/import-model.ts';
import type { IrGraph, NewNode } from '../ir/ir.ts';
import type { OnnxAttribute } from '../model.ts';
import type { MaskInputs } from './attention-mask-inputs.ts';
import type { AttentionMatch } from './attention-pattern.ts';
import { RUNTIME_DOMAIN, useRuntimeDomain } from './fused-conv.ts';
import { removeDeadFrom } from './remove-dead.ts';
import { substitute } from './substitute.ts';

/** Attributes that Attention and MultiHeadAttention share. */
export function attentionAttributes(match: AttentionMatch): Map<string, OnnxAttribute> {
  const { heads, headSize, scale, mask } = match;
  const attributes = new Map([['num_heads', createAttribute('num_heads', { int: heads })]]);
  const usual = 1 / Math.sqrt(headSize);
  // To the rounding of float32 factors: exporters split the root between queries and keys.
  if (Math.abs(scale - usual) > 1e-6 * usual) {
    attributes.set('scale', createAttribute('scale', { float: scale }));
  }
  if (mask.isCausal)
    attributes.set('unidirectional', createAttribute('unidirectional', { int: 1 }));
  if (mask.keys !== null) {
    // Else it is -10000, and a query of which every key is masked would differ.
    const float = createAttribute('mask_filter_value', { float: mask.fill });
    attributes.set('mask_filter_value', float);
  }
  return attributes;
}

/** Puts the operator, and what its empty rows need, in the place of what was matched. */
export function placeAttention(
  model: IrModel,
  { match, masks }: { readonly match: AttentionMatch; readonly masks: MaskInputs },
  node: Pick<NewNode, 'opType' | 'inputs' | 'attributes'>,
): void {
  useRuntimeDomain(model);
  const { last, isFlat } = match.join;
  const { graph } = last;
  const attention = { ...node, domain: RUNTIME_DOMAIN };
  const result = guardOf(match, { graph, masks }, attention) ?? attention;
  if (!isFlat) {
    substitute(last, result);
    return;
  }
  const before = last.inputs[0]?.producer ?? null;
  last.setInput(0, graph.addNode(result).output);
  if (before !== null) removeDeadFrom(before);
}

/**
 * The Where that does behind the operator what the graph did before the product with
 * the values: a query that sees nothing gets zeros. Null where none can be such.
 */
function guardOf(
  { guard, mask }: AttentionMatch,
  { graph, masks }: { readonly graph: IrGraph; readonly masks: MaskInputs },
  node: NewNode,
): NewNode | null {
  if (guard === null || mask.emptyRows === null) return null;
  const attention = graph.addNode(node).output;
  const seen = masks.seen(mask);
  if (seen !== null) return { opType: 'Where', inputs: [seen, attention, guard] };
  const isNaN = graph.addNode({ opType: 'IsNaN', inputs: [attention] }).output;
  return { opType: 'Where', inputs: [isNaN, guard, attention] };
}
