import { expect, test } from 'vitest';
import type { OnnxModel } from '../../../../engine/graph/model.ts';
import { fuseAttention } from '../../../../engine/graph/passes/fuse-attention.ts';
import { attentionFeeds } from './attention-forms.ts';
import { checkPass, normal, weights, type CheckedPass } from './check-pass.ts';
import { INPUT, TokenWriter } from './token-writer.ts';

const HEADS = 2;
const SIZE = 4;

/** One product for queries, keys and values, as vision transformers have it. */
interface KindForm {
  readonly chosen?: 'by Gather' | 'by Split';
  /** Which of the three are queries, keys and values. */
  readonly order?: readonly [number, number, number];
  /** Three unless given. */
  readonly kinds?: number;
  /** The axis to choose along, that of the kinds unless given; with it there are three samples. */
  readonly along?: number;
  /** What is outermost in the columns. */
  readonly outermost?: 'kind' | 'head';
}

function kindModel({
  chosen = 'by Gather',
  order = [0, 1, 2],
  kinds: count = 3,
  along = 0,
  outermost,
}: KindForm): OnnxModel {
  const writer = new TokenWriter({ opset: 17, batch: along === 0 ? 'N' : 3, length: 'S' });
  const columns = count * HEADS * SIZE;
  writer.builder.initializer('w', weights([INPUT, columns]));
  writer.builder.initializer('b', weights([columns], 3));
  const all = writer.node('Add', [writer.node('MatMul', ['x', 'w']), 'b']);
  const isByHead = outermost === 'head';
  const apart = isByHead ? [HEADS, count, SIZE] : [count, HEADS, SIZE];
  const split = writer.node('Reshape', [all, writer.ints(0, -1, ...apart)]);
  const perm = isByHead ? [3, 0, 2, 1, 4] : [2, 0, 3, 1, 4];
  const kinds = writer.node('Transpose', [split], { perm: { ints: perm } });
  const outputs = ['one', 'two', 'three'];
  if (chosen === 'by Split') {
    const attributes = { axis: { int: 0 } };
    writer.builder.node('Split', [kinds, writer.ints(1, 1, 1)], { outputs, attributes });
  }
  const [q = '', k = '', v = ''] = order.map((index) =>
    chosen === 'by Split'
      ? writer.node('Squeeze', [outputs[index] ?? '', writer.ints(0)])
      : writer.node('Gather', [kinds, writer.int(index)], { axis: { int: along } }),
  );
  const scaled = writer.node('Mul', [q, writer.number(0.5)]);
  const turned = writer.node('Transpose', [k], { perm: { ints: [0, 1, 3, 2] } });
  const scores = writer.node('MatMul', [scaled, turned]);
  const weighted = writer.node('MatMul', [writer.node('Softmax', [scores]), v]);
  const back = writer.node('Transpose', [weighted], { perm: { ints: [0, 2, 1, 3] } });
  const joined = writer.node('Reshape', [back, writer.ints(0, 0, -1)]);
  writer.builder.output(joined, 'float32', null);
  return writer.builder.build();
}

async function check(form: KindForm): Promise<CheckedPass> {
  if (form.along === undefined) {
    await checkPass(fuseAttention, kindModel(form), attentionFeeds(1, 1));
  }
  return checkPass(fuseAttention, kindModel(form), attentionFeeds(3, 5));
}

test.each<[string, KindForm]>([
  ['by Gather', { chosen: 'by Gather' }],
  ['by Split and Squeeze', { chosen: 'by Split' }],
  ['in another order', { order: [2, 0, 1] }],
  ['in another order by Split', { order: [1, 2, 0], chosen: 'by Split' }],
])('joins attention of kinds that are chosen %s', async (_, form) => {
  expect((await check(form)).operators).toEqual(['com.microsoft.Attention']);
});

test('joins attention whose queries are their own keys', async () => {
  expect((await check({ order: [0, 0, 1] })).operators).toEqual(['com.microsoft.Attention']);
});

test.each<[string, KindForm]>([
  ['alternate head by head', { outermost: 'head' }],
  ['are four', { kinds: 4 }],
  ['are counted from the end', { order: [0, 1, -1] }],
  ['stay, and samples are chosen', { along: 1 }],
])('leaves kinds alone that %s', async (_, form) => {
  const { rewrites, skipped } = await check(form);
  expect(rewrites).toBe(0);
  expect(skipped.map(({ reason }) => reason)).toEqual([
    'queries, keys and values are not known to be split into heads',
  ]);
});

test('leaves attention alone whose samples and tokens are read another way', async () => {
  const writer = new TokenWriter({ opset: 17, length: 2 });
  const { builder } = writer;
  builder.input('turned', 'float32', [2, 3, INPUT]);
  const [q = '', k = '', v = ''] = [4, 5, 6].map((seed) => {
    const weight = builder.initializer(`w${seed}`, weights([INPUT, HEADS * SIZE], seed));
    const rows = writer.node('Reshape', ['turned', writer.ints(-1, INPUT)]);
    const product = writer.node('MatMul', [rows, weight]);
    return writer.node('Reshape', [product, writer.ints(3, 2, HEADS, SIZE)]);
  });
  const byHead = (value: string, perm: number[]): string =>
    writer.node('Transpose', [value], { perm: { ints: perm } });
  const scores = writer.node('MatMul', [byHead(q, [0, 2, 1, 3]), byHead(k, [0, 2, 3, 1])]);
  const weighted = writer.node('Softmax', [scores]);
  const result = writer.node('MatMul', [weighted, byHead(v, [0, 2, 1, 3])]);
  const joined = writer.node('Reshape', [byHead(result, [0, 2, 1, 3]), writer.ints(3, 2, 8)]);
  builder.output(joined, 'float32', null);

  const feeds = { ...attentionFeeds(3, 2), turned: normal([2, 3, INPUT]) };
  const { skipped } = await checkPass(fuseAttention, builder.build(), feeds);
  expect(skipped.map(({ reason }) => reason)).toEqual([
    'its input is not known to be samples of tokens',
  ]);
});
