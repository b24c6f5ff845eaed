import { describe, expect, test } from 'vitest';
import { ModelBuilder } from '../../../../engine/graph/builder.ts';
import type { AttributeValue } from '../../../../engine/graph/create-attribute.ts';
import type { Dim } from '../../../../engine/graph/describe.ts';
import type { OnnxModel } from '../../../../engine/graph/model.ts';
import { unflattenGemm } from '../../../../engine/graph/passes/unflatten-gemm.ts';
import { checkPass, normal, weights, type CheckedPass } from './check-pass.ts';

/** Conv1D of GPT-2: x of [N, S, 8] to 12 columns. */
interface Conv1d {
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  readonly declared?: readonly Dim[] | null;
  readonly weight?: readonly number[];
  /** Null for none. */
  readonly bias?: readonly number[] | null;
  readonly biasIs?: 'constant' | 'fed';
  /** Of what the last Reshape takes: [N, S, 12], or the same with both turned round. */
  readonly target?: 'kept' | 'swapped' | 'parted';
  /** Of the matrix: as it should be, or rows of 4. */
  readonly flatColumns?: number;
  readonly exposed?: 'product';
}

function conv1dModel(form: Conv1d): OnnxModel {
  const { weight = [8, 12], bias = [12], declared = ['N', 'S', 8], biasIs = 'constant' } = form;
  const builder = new ModelBuilder({ name: 'g', opset: 17 });
  const integers = (name: string, values: readonly number[], dims = [values.length]): string => {
    const data = BigInt64Array.from(values, BigInt);
    return builder.initializer(name, { type: 'int64', dims, data });
  };
  builder.input('x', 'float32', declared);
  const shape = builder.node('Shape', ['x']);
  const dim = (index: number): string => {
    const one = builder.node('Gather', [shape, integers(`index${index}`, [index], [])]);
    return builder.node('Unsqueeze', [one, integers(`axis${index}`, [0])]);
  };
  const [batch, length] = [dim(0), dim(1)];
  const flat = builder.node('Reshape', ['x', integers('flat', [-1, form.flatColumns ?? 8])]);
  const added = bias === null ? [] : ['b'];
  if (biasIs === 'fed') builder.input('b', 'float32', bias ?? []);
  else if (bias !== null) builder.initializer('b', weights(bias, 4));
  const inputs = [flat, builder.initializer('w', weights(weight)), ...added];
  const attributes = form.attributes ?? {};
  const product = builder.node('Gemm', inputs, { attributes, outputs: ['product'] });
  const columns = integers('columns', [12]);
  const parts = {
    kept: [batch, length, columns],
    swapped: [length, batch, columns],
    parted: [batch, integers('all', [-1]), integers('six', [6])],
  }[form.target ?? 'kept'];
  const target = builder.node('Concat', parts, { attributes: { axis: { int: 0 } } });
  builder.node('Reshape', [product, target], { outputs: ['y'] });
  builder.output('y', 'float32', null);
  if (form.exposed !== undefined) builder.output(form.exposed, 'float32', null);
  return builder.build();
}

function check(form: Conv1d, dims: readonly number[] = [2, 3, 8]): Promise<CheckedPass> {
  const b = form.biasIs === 'fed' ? { b: normal([12], 5) } : {};
  return checkPass(unflattenGemm, conv1dModel(form), { x: normal(dims), ...b });
}

test.each<[string, Conv1d, readonly string[]]>([
  ['with a bias', {}, ['MatMul', 'Add']],
  ['with a bias of one row', { bias: [1, 12] }, ['MatMul', 'Add']],
  ['with a bias of one number', { bias: [] }, ['MatMul', 'Add']],
  ['without a bias', { bias: null }, ['MatMul']],
  [
    'with transposed weights',
    { weight: [12, 8], attributes: { transB: { int: 1 } } },
    ['MatMul', 'Add'],
  ],
])('unflattens one %s', async (_, form, expected) => {
  const { operators, skipped } = await check(form);
  expect(operators).toEqual(expected);
  expect(skipped).toEqual([]);
});

test.each([[[1, 1, 8]], [[1, 5, 8]], [[4, 1, 8]]])('computes the same for %j', async (dims) => {
  expect((await check({}, dims)).rewrites).toBe(1);
});

describe('leaves alone', () => {
  const more = 'its Gemm is more than a product with constant weights';
  const other = 'it is not known to keep all but the last axis';
  test.each<[string, Conv1d, string]>([
    ['swapped axes', { target: 'swapped' }, other],
    ['other parts', { target: 'parted' }, other],
    ['other rows', { flatColumns: 4, weight: [4, 12], target: 'parted' }, other],
    ['a product that is an output', { exposed: 'product' }, 'the Gemm is used elsewhere too'],
    ['alpha', { attributes: { alpha: { float: 2 } } }, more],
    ['beta', { attributes: { beta: { float: 0.5 } } }, more],
    ['a bias that is fed', { biasIs: 'fed' }, 'its bias is not one constant for each column'],
    ['an unknown shape', { declared: null }, 'it is not known to flatten a batch'],
    ['unknown sizes', { declared: [null, null, 8] }, other],
  ])('%s', async (_, form, reason) => {
    const { rewrites, skipped } = await check(form);
    expect(rewrites).toBe(0);
    expect(skipped.map((skip) => skip.reason)).toEqual([reason]);
  });
});
