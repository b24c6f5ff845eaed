import { isClosed } from './attention-closure.ts';
import { attentionAttributes, placeAttention } from './attention-node.ts';
import { attentionPass, type AttentionTools } from './attention-pass.ts';
import type { AttentionMatch } from './attention-pattern.ts';
import type { ShapesOf } from './mask-axes.ts';
import type { Pass } from './pass.ts';

/**
 * What fits the packed form not, such as attention to another input, becomes
 * MultiHeadAttention. Measured on one core it gains nothing beside what the runtime
 * does by itself, so it is for those who ask.
 */
export const fuseMultiHeadAttention: Pass = attentionPass(
  {
    name: 'fuse-multi-head-attention',
    summary: "joins attention of separate queries, keys and values to the runtime's operator",
    pipeline: 'optional',
  },
  fuse,
);

function obstacle(match: AttentionMatch, shapesOf: ShapesOf): string | null {
  const { queries, keys, values, mask, scores, nodes, join } = match;
  const areJoined = [queries, keys, values].every(({ source, kind }) => {
    const { type, dims } = shapesOf(source);
    return type === 'float32' && dims?.length === 3 && kind === null;
  });
  if (!areJoined) return 'queries, keys and values are not float32 of three axes';
  // Between inputs of different length the operator counts positions in another way.
  if (mask.isCausal && scores[2] !== scores[3]) return 'it is causal between two inputs';
  return isClosed(nodes, join.last) ? null : 'a part of it is used elsewhere too';
}

function fuse(match: AttentionMatch, { model, shapesOf, masks }: AttentionTools): string | null {
  const reason = obstacle(match, shapesOf);
  if (reason !== null) return reason;
  const { queries, keys, values, mask, scores } = match;
  const inputs = [
    queries.source,
    keys.source,
    values.source,
    null,
    masks.keyMask(mask),
    masks.bias(mask, scores),
  ];
  while (inputs.at(-1) === null) inputs.pop();
  const attributes = attentionAttributes(match);
  placeAttention(model, { match, masks }, { opType: 'MultiHeadAttention', inputs, attributes });
  return null;
}
