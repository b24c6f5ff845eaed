import { describe, expect, test } from 'vitest';
import { ModelBuilder } from '../../../../engine/graph/builder.ts';
import { fuseSkipLayerNorm } from '../../../../engine/graph/passes/fuse-skip-layer-norm.ts';
import { checkPass, normal, weights, type CheckedPass } from './check-pass.ts';
import { LEFT_ALONE, SIZES, skipFeeds, skipModel, type SkipForm } from './skip-forms.ts';

const SKIP = 'com.microsoft.SkipLayerNormalization';

function check(form: SkipForm, dims: readonly number[] = [4, 5, 8]): Promise<CheckedPass> {
  return checkPass(fuseSkipLayerNorm, skipModel(form), skipFeeds(form, dims));
}

test.each<[string, SkipForm]>([
  ['of x itself', {}],
  ['that comes first', { isSkipFirst: true }],
  ['of another input', { skip: { dims: ['N', 'S', 8] } }],
  ['without a batch', { skip: { dims: ['S', 8] } }],
  ['of a batch of one', { skip: { dims: [1, 'S', 8] }, isSkipFirst: true }],
  ['that is constant', { skip: { dims: [1, 5, 8], isConstant: true }, declared: ['N', 5, 8] }],
  ['along the last axis by its number', { axis: 2 }],
  ['without a summand', { shift: null }],
  ['in opset 26', { opset: 26 }],
])('joins a skip %s', async (_, form) => {
  const { operators, skipped, model } = await check(form);
  expect(operators).toEqual(['MatMul', SKIP]);
  expect(skipped).toEqual([]);
  expect(model.opsets.get('com.microsoft')).toBe(1);
});

test('joins matrices', async () => {
  const { operators } = await check({ declared: ['N', 8], axis: 1 }, [5, 8]);
  expect(operators).toEqual(['MatMul', SKIP]);
});

test.each<[string, SkipForm]>([
  ['the product', { bias: [8] }],
  ['the product, with axes of 1', { bias: [1, 1, 8] }],
  ['the product, without a summand', { bias: [8], shift: null }],
  ['the skip', { bias: [8], isBiasOnSkip: true }],
  ['a skip without a batch', { bias: [8], isBiasOnSkip: true, skip: { dims: ['S', 8] } }],
])('takes in the bias of %s', async (_, form) => {
  const { operators, model } = await check(form);
  expect(operators).toEqual(['MatMul', SKIP]);
  const node = [...model.graph.nodes].at(-1);
  expect(node?.inputs.map((value) => value?.constant?.dims ?? null).slice(2)).toEqual([
    [8],
    form.shift === null ? null : [8],
    [8],
  ]);
});

test('leaves a biased product apart that something else needs', async () => {
  const { operators } = await check({ bias: [8], exposed: 'biased' });
  expect(operators).toEqual(['MatMul', 'Add', SKIP]);
});

test.each<[string, SkipForm]>([
  ['an output', { exposed: 'sum' }],
  ['an output, with a bias', { exposed: 'sum', bias: [8] }],
  ['used elsewhere', { exposed: 'sum by Neg' }],
])('gives the sum too where it is %s', async (_, form) => {
  const { operators, model } = await check(form);
  expect(operators.filter((name) => name !== 'Neg')).toEqual(['MatMul', SKIP]);
  const node = [...model.graph.nodes].find(({ opType }) => opType === 'SkipLayerNormalization');
  expect(node?.outputs.map((value) => value?.name ?? null)).toEqual(['y', null, null, 'sum']);
});

test('gives the sum to an inner graph', async () => {
  const branch = (name: string, opType: 'Neg' | 'Abs') => {
    const inner = new ModelBuilder({ name, opset: 17 });
    inner.output(inner.node(opType, ['sum'], { outputs: [`${name}_y`] }), 'float32', null);
    return inner.buildGraph();
  };
  const builder = new ModelBuilder({ name: 'g', opset: 17 });
  builder.input('flag', 'bool', [1]);
  builder.input('x', 'float32', ['N', 'S', 8]);
  builder.node('Add', ['x', builder.node('Exp', ['x'])], { outputs: ['sum'] });
  const scale = builder.initializer('scale', weights([8]));
  const norm = builder.node('LayerNormalization', ['sum', scale]);
  const attributes = {
    then_branch: { graph: branch('yes', 'Neg') },
    else_branch: { graph: branch('no', 'Abs') },
  };
  builder.output(norm, 'float32', null);
  builder.output(builder.node('If', ['flag'], { attributes }), 'float32', null);
  const flag = { type: 'bool', dims: [1], data: Uint8Array.of(1) } as const;
  const { operators } = await checkPass(fuseSkipLayerNorm, builder.build(), {
    flag,
    x: normal([2, 3, 8]),
  });
  expect(operators.toSorted()).toEqual(['Abs', 'Exp', 'If', 'Neg', SKIP]);
});

test.each([...SIZES])('computes the same for %d x %d x %d', async (...dims) => {
  const { rewrites } = await check({ bias: [8], exposed: 'sum' }, dims);
  expect(rewrites).toBe(1);
});

/** Two layers that normalize first: each sum is the next one's skip. */
test('joins a chain of residuals', async () => {
  const builder = new ModelBuilder({ name: 'g', opset: 17 });
  let hidden = builder.input('x', 'float32', ['N', 'S', 8]);
  for (const layer of [1, 2]) {
    const scale = builder.initializer(`s${layer}`, weights([8], layer));
    const norm = builder.node('LayerNormalization', [hidden, scale]);
    const product = builder.node('MatMul', [
      norm,
      builder.initializer(`w${layer}`, weights([8, 8])),
    ]);
    const biased = builder.node('Add', [product, builder.initializer(`b${layer}`, weights([8]))]);
    hidden = builder.node('Add', [hidden, biased]);
  }
  const last = builder.node('LayerNormalization', [hidden, 's1']);
  builder.output(last, 'float32', null);
  const { operators, rewrites } = await checkPass(fuseSkipLayerNorm, builder.build(), {
    x: normal([2, 3, 8]),
  });
  const expected = ['LayerNormalization', 'MatMul', 'MatMul', SKIP, SKIP];
  expect(operators.toSorted()).toEqual(expected);
  expect(rewrites).toBe(2);
});

describe('leaves alone', () => {
  test.each(LEFT_ALONE)('%s', async (_, form, dims, reason) => {
    const { rewrites, skipped } = await check(form, dims);
    expect(rewrites).toBe(0);
    expect(skipped.map((skip) => skip.reason)).toEqual(reason === null ? [] : [reason]);
  });

  test('one whose mean is used', async () => {
    const { rewrites, skipped } = await check({ exposed: 'mean' });
    expect(rewrites).toBe(0);
    expect(skipped.map((skip) => skip.reason)).toEqual(['its mean or deviation is used too']);
  });
});
