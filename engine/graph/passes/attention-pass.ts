import type { IrModel } from '../ir/import-model.ts';
import { attentionFacts } from './attention-facts.ts';
import { MaskInputs } from './attention-mask-inputs.ts';
import { matchAttention, type AttentionMatch } from './attention-pattern.ts';
import type { ShapesOf } from './mask-axes.ts';
import { visitNodes, type Pass, type Rewriting } from './pass.ts';

export interface AttentionTools {
  readonly model: IrModel;
  readonly shapesOf: ShapesOf;
  /** Made once for all attention of the model. */
  readonly masks: MaskInputs;
}

/** A pass that looks at each attention of a model. `fuse` gives null when it was done, else why not. */
export function attentionPass(
  about: Pick<Pass, 'name' | 'summary' | 'pipeline'>,
  fuse: (match: AttentionMatch, tools: AttentionTools) => string | null,
): Pass {
  return Object.freeze({
    ...about,
    providers: ['cpu'],
    run: (model: IrModel): Rewriting => {
      const facts = attentionFacts(model);
      if (facts === null) return { rewrites: 0, skipped: [] };
      const tools = { model, shapesOf: facts.shapesOf, masks: new MaskInputs(facts) };
      return visitNodes(model, (softmax, log) => {
        const match = matchAttention(softmax, facts);
        if (match === null) return;
        const reason = typeof match === 'string' ? match : fuse(match, tools);
        if (reason === null) log.rewrote();
        else log.skipped(softmax, reason);
      });
    },
  });
}
