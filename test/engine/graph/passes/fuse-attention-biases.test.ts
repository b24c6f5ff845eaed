import { expect, test } from 'vitest';
import { intAttribute } from '../../../../engine/graph/attributes.ts';
import { fuseAttention } from '../../../../engine/graph/passes/fuse-attention.ts';
import {
  attentionFeeds,
  attentionModel,
  type AttentionForm,
  type MaskForm,
} from './attention-forms.ts';
import { attentionOf, checkAttention } from './check-attention.ts';
import { checkPass, weights } from './check-pass.ts';
import {
  added,
  addedWhereNot,
  both,
  causal,
  chosen,
  compared,
  keptByGather,
  keptByUnsqueeze,
  LOWEST,
  ofQueries,
  roundedKeys,
  subtracted,
} from './mask-forms.ts';

test('guards a mask that it cannot read by its result', async () => {
  const masks = [added(both(keptByGather, ofQueries), -Infinity)];
  const checked = await checkAttention({ masks, isGuarded: true });
  expect(checked.operators).toContain('IsNaN');
  expect(attentionOf(checked).inputs).toHaveLength(6);
});

test.each<[string, AttentionForm]>([
  ['that is computed', { masks: [subtracted(LOWEST)] }],
  ['of another fill that is computed', { masks: [subtracted(-10_000)] }],
  ['that masks all earlier keys', { masks: [added(compared('GreaterOrEqual', 3, 2), LOWEST)] }],
  ['of keys cast to bool', { masks: [added(roundedKeys, LOWEST)] }],
  ['that masks each query itself', { masks: [added(compared('Less', 3, 2), LOWEST)] }],
  ['of later keys that may matter', { masks: [added(causal, -5)] }],
  ['of positions and keys that may matter', { masks: [added(both(causal, keptByGather), -1000)] }],
  ['of queries and keys', { masks: [added(both(keptByGather, ofQueries), LOWEST)] }],
  ['of queries and positions', { masks: [added(both(causal, ofQueries), LOWEST)] }],
  [
    'of the keys or an earlier position',
    { masks: [added((w) => w.node('Or', [causal(w), keptByGather(w)]), LOWEST)] },
  ],
])('adds a mask %s as it is, with a row for each query', async (_, form) => {
  const attention = attentionOf(await checkAttention(form));
  expect(attention.inputs).toHaveLength(6);
  expect(attention.inputs[3]).toBeNull();
  expect(attention.attributes.has('unidirectional')).toBe(false);
});

test.each([
  ['of each head', [1, 2, 5, 5]],
  ['of each sample and head', [3, 2, 5, 5]],
  ['of positions', [5, 5]],
  ['of each key', [5]],
  ['of each key by head', [2, 1, 5]],
])('adds constant numbers %s', async (_, dims) => {
  const addConstant: MaskForm = (w, scores) => {
    return w.node('Add', [w.builder.initializer('bias', weights(dims)), scores]);
  };
  const feeds = attentionFeeds(3, 5);
  const model = attentionModel({ length: 5, batch: 3, masks: [addConstant] });
  const checked = await checkPass(fuseAttention, model, feeds);
  expect(attentionOf(checked).inputs).toHaveLength(6);
});

test('adds a mask of keys beside a causal one', async () => {
  const masks = [chosen(causal, LOWEST), added(keptByUnsqueeze, LOWEST)];
  const attention = attentionOf(await checkAttention({ masks }));
  expect(attention.inputs[3]).toBeNull();
  expect(attention.inputs).toHaveLength(6);
  expect(intAttribute(attention, 'unidirectional', 0)).toBe(1);
});

test('adds a mask beside one of keys', async () => {
  const masks = [addedWhereNot(keptByGather, -5), subtracted(-7)];
  const attention = attentionOf(await checkAttention({ masks }));
  const [, , , keys, past, bias] = attention.inputs;
  expect(keys).not.toBeNull();
  expect(past).toBeNull();
  expect(bias?.producer?.opType).toBe('Expand');
});

test.each<[string, string, AttentionForm]>([
  [
    'is scaled',
    'its mask is multiplied with a number',
    { masks: [subtracted(-5), (w, scores) => w.node('Mul', [scores, w.number(2)])] },
  ],
  [
    'is of queries',
    'its mask has another shape than the runtime takes',
    { masks: [added(ofQueries, -5)] },
  ],
  [
    'chooses a number that may matter',
    'its mask is not known to be one of positions or keys',
    { masks: [chosen(keptByGather, -5)] },
  ],
  [
    'chooses by what is not known',
    'its mask is not known to be one of positions or keys',
    { masks: [chosen(both(keptByGather, ofQueries), LOWEST)] },
  ],
  [
    'is one of three',
    'it has more masks than the operator takes',
    { masks: [added(causal, LOWEST), subtracted(-5), added(keptByGather, -3)] },
  ],
  [
    'hides another that was added before',
    'it has more masks than the operator takes',
    { masks: [subtracted(LOWEST), chosen(causal, LOWEST)] },
  ],
  [
    'leaves later keys a chance beside another',
    'it has more masks than the operator takes',
    { masks: [added(causal, -10_000), added(keptByGather, LOWEST)] },
  ],
])('leaves attention alone whose mask %s', async (_, reason, form) => {
  const { rewrites, skipped, model } = await checkAttention(form);
  expect(rewrites).toBe(0);
  expect(skipped.map((skip) => skip.reason)).toEqual([reason]);
  expect(model.opsets.has('com.microsoft')).toBe(false);
});
