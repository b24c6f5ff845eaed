import type { IrNode } from '../../../../engine/graph/ir/ir.ts';
import { fuseAttention } from '../../../../engine/graph/passes/fuse-attention.ts';
import { attentionFeeds, attentionModel, type AttentionForm } from './attention-forms.ts';
import { checkPass, type CheckedPass } from './check-pass.ts';

/** Samples and tokens of each run. */
const SHAPES = [
  [3, 5],
  [1, 5],
  [2, 2],
  [2, 1],
  [1, 1],
  [4, 9],
] as const;

/**
 * Runs the pass on a form and compares in the runtime at several batch sizes and
 * lengths, samples without any valid token among them. Gives the first result.
 */
export async function checkAttention(form: AttentionForm): Promise<CheckedPass> {
  const { length } = form;
  const shapes = length === undefined ? SHAPES : [[3, length] as const, [1, length] as const];
  const checked: CheckedPass[] = [];
  for (const [batch, tokens] of shapes) {
    const feeds = attentionFeeds(batch, tokens);
    checked.push(await checkPass(fuseAttention, attentionModel(form), feeds));
  }
  return checked[0] as CheckedPass;
}

/** The only Attention of the main graph. */
export function attentionOf({ model }: CheckedPass): IrNode {
  const found = [...model.graph.nodes].filter((node) => node.is('Attention', 'com.microsoft'));
  const [attention] = found;
  if (attention === undefined || found.length > 1) throw new Error(`${found.length} Attention`);
  return attention;
}
