import type { IrModel } from '../ir/import-model.ts';
import { isClosed } from './attention-closure.ts';
import { attentionFacts } from './attention-facts.ts';
import { MaskInputs } from './attention-mask-inputs.ts';
import { attentionAttributes, placeAttention } from './attention-node.ts';
import { matchAttention, type AttentionMatch } from './attention-pattern.ts';
import type { ShapesOf } from './mask-axes.ts';
import { visitNodes, type Pass } from './pass.ts';

/**
 * What fits the packed form not, such as attention to another input, becomes
 * MultiHeadAttention. Measured on one core it gains nothing beside what the runtime
 * does by itself, so it is for those who ask.
 */
export const fuseMultiHeadAttention: Pass = Object.freeze({
  name: 'fuse-multi-head-attention',
  summary: "joins attention of separate queries, keys and values to the runtime's operator",
  pipeline: 'optional',
  providers: ['cpu'],
  run: (model: IrModel) => {
    const facts = attentionFacts(model);
    if (facts === null) return { rewrites: 0, skipped: [] };
    const masks = new MaskInputs(facts);
    return visitNodes(model, (softmax, log) => {
      const match = matchAttention(softmax, facts);
      if (match === null) return;
      const reason = typeof match === 'string' ? match : obstacle(match, facts.shapesOf);
      if (reason !== null || typeof match === 'string') {
        log.skipped(softmax, reason ?? '');
        return;
      }
      fuse(model, match, masks);
      log.rewrote();
    });
  },
});

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

function fuse(model: IrModel, match: AttentionMatch, masks: MaskInputs): void {
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
}
