import { expect, test } from 'vitest';
import { ModelBuilder } from '../../../../engine/graph/builder.ts';
import { fuseConvAffine } from '../../../../engine/graph/passes/fuse-conv-affine.ts';
import { checkPass, normal, weights, type CheckedPass } from './check-pass.ts';

interface Step {
  readonly op: 'Mul' | 'Div' | 'Add' | 'Sub';
  readonly dims: readonly number[];
  readonly isFirst?: boolean;
}

const X = [2, 4, 5, 5];

async function check(
  steps: readonly Step[],
  conv: {
    readonly op?: string;
    readonly kernel?: readonly number[];
    readonly x?: readonly number[];
  } = {},
): Promise<CheckedPass> {
  const { op = 'Conv', kernel = [6, 4, 3, 3], x = X } = conv;
  const builder = new ModelBuilder({ name: 'g', opset: 13 });
  builder.input('x', 'float32', x);
  let value = builder.node(op, ['x', builder.initializer('w', weights(kernel))], { name: 'conv' });
  for (const [index, step] of steps.entries()) {
    const constant = builder.initializer(`k${index}`, weights(step.dims, index + 7));
    value = builder.node(step.op, step.isFirst === true ? [constant, value] : [value, constant]);
  }
  builder.output(value, 'float32', null);
  return checkPass(fuseConvAffine, builder.build(), { x: normal(x) });
}

test.each<[string, Step]>([
  ['a factor of each channel', { op: 'Mul', dims: [6, 1, 1] }],
  ['a factor with a batch axis', { op: 'Mul', dims: [1, 6, 1, 1], isFirst: true }],
  ['one factor for all', { op: 'Mul', dims: [] }],
  ['a divisor', { op: 'Div', dims: [6, 1, 1] }],
  ['a summand', { op: 'Add', dims: [6, 1, 1], isFirst: true }],
  ['one summand for all', { op: 'Add', dims: [1] }],
  ['a subtrahend', { op: 'Sub', dims: [1, 6, 1, 1] }],
  ['what it is subtracted from', { op: 'Sub', dims: [6, 1, 1], isFirst: true }],
])('fuses %s', async (_, step) => {
  const { operators } = await check([step]);
  expect(operators).toEqual(['Conv']);
});

test('fuses a chain of them', async () => {
  const { operators, rewrites } = await check([
    { op: 'Mul', dims: [6, 1, 1] },
    { op: 'Add', dims: [1, 6, 1, 1] },
    { op: 'Div', dims: [] },
  ]);
  expect(operators).toEqual(['Conv']);
  expect(rewrites).toBe(3);
});

test('adds no bias for a factor alone', async () => {
  const { model } = await check([{ op: 'Mul', dims: [6, 1, 1] }]);
  expect([...model.graph.initializers].map(({ name }) => name)).toEqual(['w']);
});

test('knows the channels of a transposed convolution and of one dimension', async () => {
  const transposed = { op: 'ConvTranspose', kernel: [4, 6, 2, 2] };
  expect((await check([{ op: 'Mul', dims: [6, 1, 1] }], transposed)).rewrites).toBe(1);
  const line = { kernel: [6, 4, 3], x: [2, 4, 7] };
  expect((await check([{ op: 'Add', dims: [6, 1] }], line)).rewrites).toBe(1);
});

test.each<[string, Step]>([
  ['along the last axis', { op: 'Mul', dims: [3] }],
  ['of every position', { op: 'Add', dims: [6, 3, 3] }],
  ['along the rows', { op: 'Add', dims: [3, 1] }],
  ['that adds an axis', { op: 'Mul', dims: [1, 1, 1, 1, 1] }],
  ['of each sample', { op: 'Add', dims: [2, 1, 1, 1] }],
  ['that is divided', { op: 'Div', dims: [6, 1, 1], isFirst: true }],
])('leaves a constant alone %s', async (_, step) => {
  const { rewrites, skipped } = await check([step]);
  expect(rewrites).toBe(0);
  expect(skipped).toHaveLength(1);
});

test('leaves a constant alone that adds channels', async () => {
  const { rewrites } = await check([{ op: 'Mul', dims: [6, 1, 1] }], { kernel: [1, 4, 3, 3] });
  expect(rewrites).toBe(0);
});

test('leaves a division by zero alone', async () => {
  const builder = new ModelBuilder({ name: 'g', opset: 13 });
  builder.input('x', 'float32', X);
  const conv = builder.node('Conv', ['x', builder.initializer('w', weights([6, 4, 3, 3]))]);
  const zero = builder.initializer('k', { type: 'float32', dims: [], data: Float32Array.of(0) });
  const quotient = builder.node('Div', [conv, zero]);
  builder.output(builder.node('IsNaN', [quotient]), 'bool', null);
  const { rewrites, skipped } = await checkPass(fuseConvAffine, builder.build(), { x: normal(X) });
  expect(rewrites).toBe(0);
  expect(skipped[0]?.reason).toContain('range of float32');
});

test.each(['a shared convolution', 'a graph output', 'a default input', 'no constant'])(
  'leaves %s alone',
  async (what) => {
    const builder = new ModelBuilder({ name: 'g', opset: 13 });
    const x = builder.input('x', 'float32', X);
    const conv = builder.node('Conv', [x, builder.initializer('w', weights([6, 4, 3, 3]))]);
    const k = builder.initializer('k', weights([6, 1, 1]));
    if (what === 'a default input') builder.input(k, 'float32', [6, 1, 1]);
    const product = builder.node('Mul', [conv, what === 'no constant' ? conv : k]);
    const rest = what === 'a shared convolution' ? builder.node('Neg', [conv]) : product;
    builder.output(builder.node('Add', [product, rest]), 'float32', null);
    if (what === 'a graph output') builder.output(conv, 'float32', null);
    const { rewrites } = await checkPass(fuseConvAffine, builder.build(), { x: normal(X) });
    expect(rewrites).toBe(0);
  },
);
