import { expect, test } from 'vitest';
import { ModelBuilder } from '../../../../engine/graph/builder.ts';
import type { Dim } from '../../../../engine/graph/describe.ts';
import type { OnnxModel } from '../../../../engine/graph/model.ts';
import { fuseConvAdd } from '../../../../engine/graph/passes/fuse-conv-add.ts';
import { checkPass, normal, weights, type CheckedPass } from './check-pass.ts';

interface Case {
  readonly hasRelu?: boolean;
  readonly isConvSecond?: boolean;
  readonly residual?: readonly Dim[];
  readonly convShape?: readonly Dim[] | null;
  readonly isConvOutput?: boolean;
  readonly isSumOutput?: boolean;
}

const X = [2, 16, 5, 5];
const DECLARED: readonly Dim[] = ['N', 16, 5, 5];

async function check(options: Case): Promise<CheckedPass> {
  const { residual = DECLARED, convShape = DECLARED } = options;
  const builder = new ModelBuilder({ name: 'g', opset: 17 });
  builder.input('x', 'float32', ['N', 16, 5, 5]);
  builder.input('z', 'float32', residual);
  const conv = builder.node('Conv', ['x', builder.initializer('w', weights([16, 16, 3, 3]))], {
    outputs: ['c'],
    attributes: { pads: { ints: [1, 1, 1, 1] } },
  });
  const sum = builder.node('Add', options.isConvSecond === true ? ['z', conv] : [conv, 'z']);
  const last = options.hasRelu === true ? builder.node('Relu', [sum]) : sum;
  builder.output(last, 'float32', null);
  if (options.isConvOutput === true) builder.output(conv, 'float32', DECLARED);
  if (options.isSumOutput === true) builder.output(sum, 'float32', null);
  const dims = residual.map((dim) => (typeof dim === 'number' ? dim : 2));
  const model = declare(builder.build(), convShape);
  return checkPass(fuseConvAdd, model, { x: normal(X), z: normal(dims, 4) });
}

/** With a declared shape of the convolution's output. */
function declare(model: OnnxModel, dims: readonly Dim[] | null): OnnxModel {
  if (dims === null) return model;
  const builder = new ModelBuilder({ name: 'shapes', opset: 17 });
  builder.input('c', 'float32', dims);
  return { ...model, graph: { ...model.graph, valueInfos: builder.buildGraph().inputs } };
}

test.each<[string, Case]>([
  ['an Add', {}],
  ['an Add with the residual first', { isConvSecond: true }],
  ['an Add and a Relu', { hasRelu: true }],
])('fuses %s', async (_, options) => {
  const { operators } = await check(options);
  expect(operators).toEqual(['com.microsoft.FusedConv']);
});

test('keeps the Relu where the sum is needed too', async () => {
  const { operators } = await check({ hasRelu: true, isSumOutput: true });
  expect(operators).toEqual(['com.microsoft.FusedConv', 'Relu']);
});

test.each<[string, Case]>([
  ['a residual that is broadcast', { residual: ['N', 16, 1, 1] }],
  ['a residual of another symbol', { residual: ['M', 16, 5, 5] }],
  ['a convolution that is a graph output', { isConvOutput: true }],
])('leaves alone %s', async (_, options) => {
  const { rewrites } = await check(options);
  expect(rewrites).toBe(0);
});

test('fuses one of two convolutions that are added', async () => {
  const builder = new ModelBuilder({ name: 'g', opset: 17 });
  builder.input('x', 'float32', X);
  const w = builder.initializer('w', weights([16, 16, 1, 1]));
  const [a, b] = [
    builder.node('Conv', ['x', w], { outputs: ['c'] }),
    builder.node('Conv', ['x', w], { outputs: ['d'] }),
  ];
  builder.output(builder.node('Add', [a, b]), 'float32', null);
  const model = declare(builder.build(), X);
  const [info] = model.graph.valueInfos;
  const both = info === undefined ? [] : [info, { ...info, name: 'd' }];
  const declared = { ...model, graph: { ...model.graph, valueInfos: both } };
  const { operators } = await checkPass(fuseConvAdd, declared, { x: normal(X) });
  expect(operators.toSorted()).toEqual(['Conv', 'com.microsoft.FusedConv']);
});

test('leaves a bias to the pass that moves it into the weights', async () => {
  const builder = new ModelBuilder({ name: 'g', opset: 17 });
  builder.input('x', 'float32', X);
  const conv = builder.node('Conv', ['x', builder.initializer('w', weights([16, 16, 1, 1]))]);
  const sum = builder.node('Add', [conv, builder.initializer('b', weights([16, 1, 1]))]);
  builder.output(sum, 'float32', null);
  const { rewrites } = await checkPass(fuseConvAdd, builder.build(), { x: normal(X) });
  expect(rewrites).toBe(0);
});
