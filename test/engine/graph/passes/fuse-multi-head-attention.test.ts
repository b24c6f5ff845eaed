import { expect, test } from 'vitest';
import { fuseAttention } from '../../../../engine/graph/passes/fuse-attention.ts';
import { fuseMultiHeadAttention } from '../../../../engine/graph/passes/fuse-multi-head-attention.ts';
import {
  attentionFeeds,
  attentionModel,
  type AttentionForm,
  type MaskForm,
} from './attention-forms.ts';
import { checkPass, normal, type CheckedPass } from './check-pass.ts';
import { added, both, causal, keptByGather, LOWEST, subtracted } from './mask-forms.ts';

async function check(form: AttentionForm): Promise<CheckedPass> {
  const checked: CheckedPass[] = [];
  for (const [batch, length, other] of [
    [3, 5, 7],
    [1, 5, 5],
    [2, 1, 1],
    [1, 1, 3],
  ] as const) {
    const feeds = {
      ...attentionFeeds(batch, length),
      ...(form.other === undefined ? {} : { y: normal([batch, other, 6], 5) }),
    };
    checked.push(await checkPass(fuseMultiHeadAttention, attentionModel(form), feeds));
  }
  return checked[0] as CheckedPass;
}

function attentionCount({ operators }: CheckedPass): number {
  return operators.filter((name) => name === 'com.microsoft.MultiHeadAttention').length;
}

test.each<[string, AttentionForm]>([
  ['to another input', { other: 'y' }],
  ['to another input, with scaled queries', { other: 'y', scaled: 'both', factor: 0.3 }],
  ['with values of another size', { other: 'y', valueSize: 3 }],
  ['with a causal mask', { masks: [added(causal, LOWEST)] }],
  ['with a padding mask', { masks: [added(keptByGather, LOWEST)] }],
  ['with a mask of positions and keys', { masks: [added(both(causal, keptByGather), LOWEST)] }],
  ['with a mask to add', { masks: [subtracted(-5)] }],
  ['with a guard', { masks: [added(keptByGather, -Infinity)], isGuarded: true }],
  ['of one product split in three', { projection: 'Split' }],
])('joins attention %s', async (_, form) => {
  const checked = await check(form);
  expect(attentionCount(checked)).toBe(1);
  expect(checked.operators).not.toContain('Softmax');
});

test('is on request only: it gains nothing beside what the runtime does', () => {
  expect(fuseMultiHeadAttention.pipeline).toBe('optional');
});

test('the packed form leaves attention to another input alone', async () => {
  const feeds = { ...attentionFeeds(3, 5), y: normal([3, 7, 6], 5) };
  const { skipped } = await checkPass(fuseAttention, attentionModel({ other: 'y' }), feeds);
  expect(skipped.map(({ reason }) => reason)).toEqual([
    'queries, keys and values are not made of one input',
  ]);
});

test.each<[string, string, AttentionForm]>([
  ['whose weights are an output', 'a part of it is used elsewhere too', { exposed: 'Softmax' }],
  [
    'whose heads stay matrices',
    'queries, keys and values are not float32 of three axes',
    { projection: 'Gemm' },
  ],
  ['that is causal between two inputs', 'it is causal between two inputs', causalToOther()],
])('leaves attention alone %s', async (_, reason, form) => {
  const { rewrites, skipped } = await check(form);
  expect(rewrites).toBe(0);
  expect(skipped.map((skip) => skip.reason)).toEqual([reason]);
});

/** Keys of `y` no later than the query of `x`. */
function causalToOther(): AttentionForm {
  const mask: MaskForm = (w, scores) => {
    const [queries, keys] = ['x', 'y'].map((name) => {
      const length = w.node('Gather', [w.node('Shape', [name]), w.int(1)], { axis: { int: 0 } });
      return w.node('Range', [w.int(0), length, w.int(1)]);
    });
    const rows = w.node('Unsqueeze', [queries ?? '', w.ints(1)]);
    const isKept = w.node('LessOrEqual', [w.node('Unsqueeze', [keys ?? '', w.ints(0)]), rows]);
    return w.node('Where', [isKept, scores, w.number(LOWEST)]);
  };
  return { other: 'y', masks: [mask] };
}
