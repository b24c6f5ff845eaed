import { expect, test } from 'vitest';
import { floatAttribute, intAttribute } from '../../../../engine/graph/attributes.ts';
import { fuseAttention } from '../../../../engine/graph/passes/fuse-attention.ts';
import { attentionFeeds, attentionModel, type AttentionForm } from './attention-forms.ts';
import { checkPass, type CheckedPass } from './check-pass.ts';
import {
  added,
  addedWhereNot,
  always,
  both,
  causal,
  chosen,
  compared,
  cutTriangle,
  keptByGather,
  keptByGatherND,
  keptByUnsqueeze,
  LOWEST,
  notPadded,
  subtracted,
  type ConditionForm,
} from './mask-forms.ts';

/** Samples and tokens of each run. */
const SHAPES = [
  [3, 5],
  [1, 5],
  [2, 1],
  [1, 1],
  [4, 9],
] as const;

/** The same in the runtime for all shapes that the form allows; the last result. */
async function check(form: AttentionForm): Promise<CheckedPass> {
  const { length } = form;
  const shapes = length === undefined ? SHAPES : [[3, length] as const, [1, length] as const];
  const checked: CheckedPass[] = [];
  for (const [batch, tokens] of shapes) {
    const feeds = attentionFeeds(batch, tokens);
    checked.push(await checkPass(fuseAttention, attentionModel(form), feeds));
  }
  return checked[0] as CheckedPass;
}

function attentionOf({ model }: CheckedPass): Parameters<typeof intAttribute>[0] {
  const node = [...model.graph.nodes].find(({ opType }) => opType === 'Attention');
  if (node === undefined) throw new Error('the model has no Attention');
  return node;
}

test.each<[string, AttentionForm]>([
  ['of MatMul', { projection: 'MatMul' }],
  ['of MatMul and Add, the keys without', { projection: 'MatMul and Add' }],
  ['of Gemm between Reshapes', { projection: 'Gemm' }],
  ['of one product split in three', { projection: 'Split' }],
  ['of one Gemm split in three', { projection: 'Split of a Gemm' }],
  ['with scores that are divided', { scaled: 'scores by Div' }],
  ['with scaled queries', { scaled: 'queries' }],
  ['with queries scaled before they are split', { scaled: 'queries before heads' }],
  ['with the root of the scale on both', { scaled: 'both' }],
  ['with keys transposed twice', { keys: 'transposed twice' }],
  ['with keys transposed as matrices', { keys: 'transposed as matrices' }],
  ['with a guard that nothing needs', { isGuarded: true }],
  ['of fixed length', { length: 4 }],
  ['of opset 12', { opset: 12 }],
  ['of opset 20', { opset: 20, masks: [added(always, LOWEST)] }],
  ['with scores all kept', { masks: [added(always, LOWEST)] }],
])('joins attention %s', async (_, form) => {
  const checked = await check(form);
  expect(checked.operators).toEqual(['com.microsoft.Attention']);
  const attention = attentionOf(checked);
  expect(attention.inputs.map((value) => value?.constant?.dims ?? null)).toEqual([
    null,
    [6, 24],
    [24],
  ]);
  expect([...attention.attributes.keys()]).toEqual(['num_heads']);
});

test('keeps a scale that is not that of the head size', async () => {
  const attention = attentionOf(await check({ factor: 0.3 }));
  expect(floatAttribute(attention, 'scale', 0)).toBeCloseTo(0.3);
});

test('packs values of another size', async () => {
  const checked = await check({ valueSize: 3 });
  expect(checked.operators).toEqual(['com.microsoft.Attention']);
  expect(attentionOf(checked).attributes.get('qkv_hidden_sizes')?.ints).toEqual([8n, 8n, 6n]);
});

test('leaves a Reshape to a matrix behind it', async () => {
  const { operators } = await check({
    joined: 'as a matrix',
    masks: [added(keptByGather, -Infinity)],
    isGuarded: true,
  });
  expect(operators.filter((name) => name === 'Reshape' || name === 'Where')).toHaveLength(3);
  expect(operators).toContain('com.microsoft.Attention');
});

test.each<[string, ConditionForm]>([
  ['at k + S b of the flat mask', keptByGather],
  ['by index pairs', keptByGatherND],
  ['by other axes', keptByUnsqueeze],
  ['by what is padded, repeated for each query', notPadded],
  ['and no position below 0', both(always, keptByGather)],
])('takes a padding mask %s as one of keys, whole rows among them', async (_, condition) => {
  const checked = await check({ masks: [added(condition, LOWEST)] });
  const attention = attentionOf(checked);
  expect(checked.operators.filter((name) => !/^(Cast|Not|Equal)$/.test(name))).toEqual([
    'com.microsoft.Attention',
  ]);
  expect(attention.inputs).toHaveLength(4);
  expect(floatAttribute(attention, 'mask_filter_value', 0)).toBe(LOWEST);
  expect(attention.attributes.has('unidirectional')).toBe(false);
});

test.each<[string, AttentionForm]>([
  ['compared by <=', { masks: [added(causal, LOWEST)] }],
  ['compared by >=', { masks: [added(compared('GreaterOrEqual', 2, 3), LOWEST)] }],
  ['by what is not later', { masks: [addedWhereNot(causal, LOWEST)] }],
  [
    'by what is later',
    { masks: [added((w) => w.node('Not', [compared('Greater', 3, 2)(w)]), LOWEST)] },
  ],
  ['of minus infinity, guarded', { masks: [added(causal, -Infinity)], isGuarded: true }],
  ['chosen instead of scores', { masks: [chosen(causal, LOWEST)] }],
  ['cut from a constant', { masks: [chosen(cutTriangle('bool'), -Infinity)] }],
  [
    'of numbers cut from a constant',
    {
      masks: [(w, scores) => w.node('Add', [scores, cutTriangle('float32', -10_000)(w)])],
    },
  ],
])('takes a causal mask %s as that of the operator', async (_, form) => {
  const checked = await check(form);
  const attention = attentionOf(checked);
  expect(checked.operators).toEqual(['com.microsoft.Attention']);
  expect(intAttribute(attention, 'unidirectional', 0)).toBe(1);
  expect(attention.inputs).toHaveLength(3);
});

test('takes a mask of positions and keys as both', async () => {
  const checked = await check({ masks: [added(both(causal, keptByGather), LOWEST)] });
  const attention = attentionOf(checked);
  expect(checked.operators.toSorted()).toEqual(['Cast', 'Cast', 'com.microsoft.Attention']);
  expect(intAttribute(attention, 'unidirectional', 0)).toBe(1);
  expect(attention.inputs).toHaveLength(4);
});

test.each<[string, ConditionForm]>([
  ['of keys', keptByGather],
  ['of positions and keys', both(causal, keptByGatherND)],
])('keeps zeros where a guarded mask %s of minus infinity leaves nothing', async (_, condition) => {
  const checked = await check({ masks: [added(condition, -Infinity)], isGuarded: true });
  expect(checked.operators).toContain('Where');
  expect(floatAttribute(attentionOf(checked), 'mask_filter_value', 0)).toBe(LOWEST);
});

test.each<[string, AttentionForm]>([
  ['that is computed', { masks: [subtracted(LOWEST)] }],
  ['of another fill that is added', { masks: [subtracted(-10_000)] }],
  ['that masks all earlier keys', { masks: [added(compared('GreaterOrEqual', 3, 2), LOWEST)] }],
  ['that masks each query itself', { masks: [added(compared('Less', 3, 2), LOWEST)] }],
  ['that is the other way round', { masks: [addedWhereNot(keptByGather, -5), subtracted(-7)] }],
])('adds a mask %s as it is, with a row for each query', async (_, form) => {
  const attention = attentionOf(await check(form));
  expect(attention.inputs).toHaveLength(6);
  expect(attention.attributes.has('unidirectional')).toBe(false);
});

test('adds a mask of keys beside a causal one', async () => {
  const attention = attentionOf(
    await check({ masks: [chosen(causal, LOWEST), added(keptByUnsqueeze, LOWEST)] }),
  );
  expect(attention.inputs[3]).toBeNull();
  expect(attention.inputs).toHaveLength(6);
  expect(intAttribute(attention, 'unidirectional', 0)).toBe(1);
});

test.each<[string, string, AttentionForm]>([
  [
    'of which the weights are an output',
    'a part of it is used elsewhere too',
    { exposed: 'Softmax' },
  ],
  ['of which the scores are an output', 'a part of it is used elsewhere too', { exposed: 'Mul' }],
  [
    'of which a projection is an output',
    'a part of it is used elsewhere too',
    { exposed: 'MatMul' },
  ],
  [
    'with keys that are not transposed',
    'queries, keys and values are not known to be split into heads',
    { keys: 'as they are', length: 4 },
  ],
  [
    'whose heads are not put beside each other',
    'its heads are not joined behind it',
    { joined: 'without a Transpose' },
  ],
  [
    'with a softmax of the queries',
    'it is not known to be a softmax of [N, heads, L, L]',
    { softmaxAxis: 2 },
  ],
  [
    'whose mask is scaled',
    'its mask is multiplied with a number',
    { masks: [subtracted(-5), (w, scores) => w.node('Mul', [scores, w.number(2)])] },
  ],
  [
    'with a mask of queries',
    'its mask has another shape than the runtime takes',
    {
      masks: [
        (w, scores) => {
          const turned = w.node('Unsqueeze', ['mask', w.ints(1, 3)]);
          return w.node('Add', [scores, w.node('Cast', [turned], { to: { int: 1 } })]);
        },
      ],
    },
  ],
  [
    'with a number that is chosen and may matter',
    'its mask is not known to be one of positions or keys',
    { masks: [chosen(keptByGather, -5)] },
  ],
  [
    'with three masks',
    'it has more masks than the operator takes',
    { masks: [added(causal, LOWEST), subtracted(-5), added(keptByGather, -3)] },
  ],
])('leaves attention alone %s', async (_, reason, form) => {
  const { rewrites, skipped, model } = await check(form);
  expect(rewrites).toBe(0);
  expect(skipped.map((skip) => skip.reason)).toEqual([reason]);
  expect(model.opsets.has('com.microsoft')).toBe(false);
});
