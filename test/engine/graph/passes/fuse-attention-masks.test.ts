import { expect, test } from 'vitest';
import { floatAttribute, intAttribute } from '../../../../engine/graph/attributes.ts';
import type { AttentionForm } from './attention-forms.ts';
import { attentionOf, checkAttention } from './check-attention.ts';
import {
  added,
  addedWhereNot,
  always,
  both,
  causal,
  chosen,
  compared,
  countedCausal,
  cutTriangle,
  keptByGather,
  keptByGatherND,
  keptByUnsqueeze,
  LOWEST,
  not,
  notPadded,
  wholeTriangle,
  type ConditionForm,
} from './mask-forms.ts';

test.each<[string, ConditionForm]>([
  ['at k + S b of the flat mask', keptByGather],
  ['by index pairs', keptByGatherND],
  ['by other axes', keptByUnsqueeze],
  ['by what is padded, repeated for each query', notPadded],
  ['by what is not kept', not(keptByGather)],
  ['and no position below 0', both(always, keptByGather)],
])('takes a padding mask %s as one of keys, whole rows among them', async (_, condition) => {
  const checked = await checkAttention({ masks: [added(condition, LOWEST)] });
  const attention = attentionOf(checked);
  const others = checked.operators.filter((name) => !/^(Cast|Not|Equal)$/.test(name));
  expect(others).toEqual(['com.microsoft.Attention']);
  expect(attention.inputs).toHaveLength(4);
  expect(floatAttribute(attention, 'mask_filter_value', 0)).toBe(LOWEST);
  expect(attention.attributes.has('unidirectional')).toBe(false);
});

test('keeps what a padding mask adds', async () => {
  const attention = attentionOf(await checkAttention({ masks: [added(keptByGather, -5)] }));
  expect(attention.inputs).toHaveLength(4);
  expect(floatAttribute(attention, 'mask_filter_value', 0)).toBe(-5);
});

test('keeps a padding mask that masks nothing', async () => {
  const attention = attentionOf(await checkAttention({ masks: [added(keptByGather, 0)] }));
  expect(floatAttribute(attention, 'mask_filter_value', -1)).toBe(0);
});

test.each([keptByGather, keptByGatherND])('takes a padding mask of fixed length', async (kept) => {
  const attention = attentionOf(await checkAttention({ length: 5, masks: [added(kept, LOWEST)] }));
  expect(attention.inputs).toHaveLength(4);
});

test.each<[string, AttentionForm]>([
  ['compared by <=', { masks: [added(causal, LOWEST)] }],
  ['compared by >=', { masks: [added(compared('GreaterOrEqual', 2, 3), LOWEST)] }],
  ['by what is not later', { masks: [addedWhereNot(causal, LOWEST)] }],
  ['by what is later', { masks: [added(not(compared('Greater', 3, 2)), LOWEST)] }],
  ['by what is earlier than later', { masks: [added(not(compared('Less', 2, 3)), LOWEST)] }],
  ['of minus infinity, guarded', { masks: [added(causal, -Infinity)], isGuarded: true }],
  ['of -10000', { masks: [added(causal, -10_000)] }],
  ['chosen instead of scores', { masks: [chosen(causal, LOWEST)] }],
  ['cut from a constant', { masks: [chosen(cutTriangle('bool'), -Infinity)] }],
  [
    'of numbers cut from a constant',
    {
      masks: [(w, scores) => w.node('Add', [scores, cutTriangle('float32', -10_000)(w)])],
    },
  ],
  ['of positions that are constant', { length: 5, masks: [chosen(countedCausal(5), LOWEST)] }],
  ['constant as a whole', { length: 5, masks: [chosen(wholeTriangle(5), LOWEST)] }],
])('takes a causal mask %s as that of the operator', async (_, form) => {
  const checked = await checkAttention(form);
  const attention = attentionOf(checked);
  expect(checked.operators).toEqual(['com.microsoft.Attention']);
  expect(intAttribute(attention, 'unidirectional', 0)).toBe(1);
  expect(attention.inputs).toHaveLength(3);
});

test.each<[string, ConditionForm]>([
  ['computed', both(causal, keptByGather)],
  ['the keys first', both(keptByGatherND, causal)],
])('takes a mask of positions and keys, %s, as both', async (_, condition) => {
  const checked = await checkAttention({ masks: [added(condition, LOWEST)] });
  const attention = attentionOf(checked);
  expect(checked.operators.toSorted()).toEqual(['Cast', 'Cast', 'com.microsoft.Attention']);
  expect(intAttribute(attention, 'unidirectional', 0)).toBe(1);
  expect(attention.inputs).toHaveLength(4);
});

test.each<[string, ConditionForm, number]>([
  ['of keys', keptByGather, 17],
  ['of keys, in opset 18', keptByGather, 18],
  ['of positions and keys', both(causal, keptByGatherND), 17],
  ['of positions and what is not kept', both(causal, not(keptByGather)), 17],
])(
  'keeps zeros where a guarded mask %s of minus infinity leaves nothing',
  async (_, condition, opset) => {
    const masks = [added(condition, -Infinity)];
    const checked = await checkAttention({ masks, isGuarded: true, opset });
    expect(checked.operators.filter((name) => name === 'Where')).toHaveLength(1);
    expect(checked.operators).not.toContain('IsNaN');
    expect(floatAttribute(attentionOf(checked), 'mask_filter_value', 0)).toBe(LOWEST);
  },
);
