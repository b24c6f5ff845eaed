import type { IrNode, IrValue } from '../ir/ir.ts';
import { RUNTIME_DOMAIN } from '../passes/fused-conv.ts';
import { readWeights, type ProductWeights } from './constant-product.ts';

/** The runtime's Attention, as its QAttention can do the same with integer weights. */
export interface PackedAttention {
  readonly node: IrNode;
  readonly input: IrValue;
  /** Of queries, keys and values side by side. */
  readonly weights: ProductWeights;
  readonly bias: IrValue;
  /** `[batch, key]`; null where every key counts. */
  readonly mask: IrValue | null;
}

/** Attributes that both operators have, with the same meaning. */
const ATTRIBUTES = new Set(['num_heads', 'unidirectional', 'mask_filter_value', 'scale']);

/** A string says why an Attention has no such form; null: it is none. */
export function readPackedAttention(
  node: IrNode,
  leastWeights: number,
): PackedAttention | string | null {
  if (!node.is('Attention', RUNTIME_DOMAIN)) return null;
  const [input = null, value = null, bias = null, mask = null, ...others] = node.inputs;
  if (input === null || value === null) return null;
  if (bias === null) return 'it has no bias';
  if (others.some((other) => other !== null)) return 'its scores are masked by more than keys';
  const more = node.outputs.slice(1).some((output) => output !== null);
  const isPlain = [...node.attributes.keys()].every((name) => ATTRIBUTES.has(name));
  if (more || !isPlain) return 'QAttention has no form for its attributes or outputs';
  const weights = readWeights(node, value, leastWeights);
  return typeof weights === 'string' ? weights : { node, input, weights, bias, mask };
}
