import { expect, test } from 'vitest';
import { ModelBuilder } from '../../../../engine/graph/builder.ts';
import type { AttributeValue } from '../../../../engine/graph/create-attribute.ts';
import type { Dim } from '../../../../engine/graph/describe.ts';
import { fuseMatMulAdd } from '../../../../engine/graph/passes/fuse-matmul-add.ts';
import { checkPass, normal, weights, type CheckedPass } from './check-pass.ts';

interface Case {
  readonly opset?: number;
  readonly op?: 'MatMul' | 'Gemm';
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  readonly x?: readonly number[];
  readonly declared?: readonly Dim[] | null;
  readonly weight?: readonly number[];
  readonly bias?: readonly number[];
  readonly isBiasFirst?: boolean;
  readonly defaultBias?: boolean;
  readonly sharedProduct?: boolean;
  readonly weightIsFed?: boolean;
}

async function check(options: Case): Promise<CheckedPass> {
  const { x = [3, 4], weight = [4, 6], op = 'MatMul', declared = ['N', 4] } = options;
  const builder = new ModelBuilder({ name: 'g', opset: options.opset ?? 17 });
  builder.input('x', 'float32', declared);
  if (options.weightIsFed === true) builder.input('w', 'float32', weight);
  else builder.initializer('w', weights(weight));
  const bias = builder.initializer('b', weights(options.bias ?? [6], 5));
  if (options.defaultBias === true) builder.input('b', 'float32', [6]);
  const product = builder.node(op, ['x', 'w'], { attributes: options.attributes ?? {} });
  const sum = builder.node('Add', options.isBiasFirst === true ? [bias, product] : [product, bias]);
  builder.output(sum, 'float32', null);
  if (options.sharedProduct === true) builder.output(product, 'float32', null);
  const feeds = { x: normal(x), ...(options.weightIsFed === true ? { w: normal(weight, 9) } : {}) };
  return checkPass(fuseMatMulAdd, builder.build(), feeds);
}

test.each<[string, Case]>([
  ['MatMul and Add', {}],
  ['an Add with the bias first', { isBiasFirst: true }],
  ['a bias of one row', { bias: [1, 6] }],
  ['a bias of one number', { bias: [] }],
  ['opset 7', { opset: 7 }],
  ['weights that are an input of known shape', { weightIsFed: true }],
  [
    'Gemm without C, whose beta counted for nothing',
    { op: 'Gemm', attributes: { beta: { float: 2 }, alpha: { float: 3 } } },
  ],
  ['Gemm that transposes', { op: 'Gemm', weight: [6, 4], attributes: { transB: { int: 1 } } }],
])('fuses %s', async (_, options) => {
  const { operators } = await check(options);
  expect(operators).toEqual(['Gemm']);
});

test.each<[string, Case]>([
  ['a left side of unknown rank', { declared: null }],
  ['a left side of three axes', { declared: ['N', 3, 4], x: [2, 3, 4] }],
  ['a vector on the right', { weight: [4], bias: [3] }],
  ['a bias of each row', { bias: [3, 1] }],
  ['a bias that adds an axis', { bias: [1, 1, 6] }],
  ['a bias that adds columns', { weight: [4, 1], bias: [6] }],
  ['a bias that may be fed', { defaultBias: true }],
  ['a product that is a graph output', { sharedProduct: true }],
])('leaves alone %s', async (_, options) => {
  const { rewrites } = await check(options);
  expect(rewrites).toBe(0);
});

test('leaves integers alone', async () => {
  const int32 = (dims: readonly number[]) => {
    const length = dims.reduce((product, dim) => product * dim, 1);
    return { type: 'int32' as const, dims, data: Int32Array.from({ length }, (_, i) => i) };
  };
  const builder = new ModelBuilder({ name: 'g', opset: 17 });
  builder.input('x', 'int32', [2, 3]);
  const product = builder.node('MatMul', ['x', builder.initializer('w', int32([3, 4]))]);
  builder.node('Add', [product, builder.initializer('b', int32([4]))], { outputs: ['y'] });
  builder.output('y', 'int32', null);
  const { rewrites, skipped } = await checkPass(fuseMatMulAdd, builder.build(), {
    x: int32([2, 3]),
  });
  expect(rewrites).toBe(0);
  expect(skipped[0]?.reason).toBe('it is not float32');
});
