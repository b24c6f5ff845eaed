import { expect, test } from 'vitest';
import { floatAttribute } from '../../../../engine/graph/attributes.ts';
import type { AttentionForm } from './attention-forms.ts';
import { attentionOf, checkAttention } from './check-attention.ts';
import { added, always, keptByGather, LOWEST } from './mask-forms.ts';

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
  ['of as many tokens as elements of a head', { length: 4 }],
  ['of as many tokens as heads', { length: 2, keys: 'transposed twice' }],
  ['of one token', { length: 1 }],
  ['of opset 12', { opset: 12 }],
  ['of opset 20', { opset: 20 }],
  ['whose softmax is of the last axis by default', { opset: 13, softmaxAxis: null }],
  ['with scores all kept', { masks: [added(always, LOWEST)] }],
])('joins attention %s', async (_, form) => {
  const checked = await checkAttention(form);
  const attention = attentionOf(checked);
  expect(checked.operators).toEqual(['com.microsoft.Attention']);
  const constants = attention.inputs.map((value) => value?.constant?.dims ?? null);
  expect(constants).toEqual([null, [6, 24], [24]]);
  expect([...attention.attributes.keys()]).toEqual(['num_heads']);
});

test('joins attention of a single head', async () => {
  const checked = await checkAttention({ heads: 1, projection: 'Split' });
  expect(checked.operators).toEqual(['com.microsoft.Attention']);
});

test('keeps a scale that is not that of the head size', async () => {
  const attention = attentionOf(await checkAttention({ factor: 0.3 }));
  expect(floatAttribute(attention, 'scale', 0)).toBeCloseTo(0.3, 6);
});

test('keeps a scale below 0', async () => {
  const attention = attentionOf(await checkAttention({ factor: -0.5 }));
  expect(floatAttribute(attention, 'scale', 0)).toBe(-0.5);
});

test('packs values of another size', async () => {
  const checked = await checkAttention({ valueSize: 3 });
  expect(checked.operators).toEqual(['com.microsoft.Attention']);
  expect(attentionOf(checked).attributes.get('qkv_hidden_sizes')?.ints).toEqual([8n, 8n, 6n]);
});

test('leaves a Reshape to a matrix behind it', async () => {
  const { operators } = await checkAttention({ joined: 'as a matrix' });
  expect(operators.toSorted()).toEqual(['Reshape', 'com.microsoft.Attention']);
});

test('guards it before the Reshape to a matrix', async () => {
  const { operators } = await checkAttention({
    joined: 'as a matrix',
    masks: [added(keptByGather, -Infinity)],
    isGuarded: true,
  });
  expect(operators).toContain('com.microsoft.Attention');
  expect(operators).toContain('Where');
  expect(operators).not.toContain('Softmax');
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
    'of which split queries are an output, as a cache has them',
    'a part of it is used elsewhere too',
    { exposed: 'Transpose' },
  ],
  [
    'of which a part of the split is an output',
    'a part of it is used elsewhere too',
    { exposed: 'Split', projection: 'Split' },
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
    'with a softmax of heads, queries and keys together, as axis 1 is below opset 13',
    'it is not known to be a softmax of [N, heads, L, L]',
    { softmaxAxis: 1, opset: 12 },
  ],
  [
    'whose softmax is so by default',
    'it is not known to be a softmax of [N, heads, L, L]',
    { softmaxAxis: null, opset: 12 },
  ],
  [
    'with a scale of 0, which the operator takes for none',
    'its scores are multiplied with a number that is none',
    { factor: 0 },
  ],
])('leaves attention alone %s', async (_, reason, form) => {
  const { rewrites, skipped, model } = await checkAttention(form);
  expect(rewrites).toBe(0);
  expect(skipped.map((skip) => skip.reason)).toEqual([reason]);
  expect(model.opsets.has('com.microsoft')).toBe(false);
});
