import { expect, test } from 'vitest';
import { ModelBuilder } from '../../../../engine/graph/builder.ts';
import type { AttributeValue } from '../../../../engine/graph/create-attribute.ts';
import { fuseConvActivation } from '../../../../engine/graph/passes/fuse-conv-activation.ts';
import { checkPass, normal, weights, type CheckedPass } from './check-pass.ts';

interface Case {
  readonly op: string;
  readonly opset?: number;
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  /** Constants after the first input; null for one left out, a name for what is fed. */
  readonly bounds?: readonly (number | null)[];
  readonly fedBound?: boolean;
  readonly x?: readonly number[];
  readonly kernel?: readonly number[];
  readonly isShared?: boolean;
  readonly isOutput?: boolean;
}

const X = [2, 16, 5, 5];

async function check(options: Case): Promise<CheckedPass> {
  const { x = X, kernel = [16, 16, 3, 3] } = options;
  const builder = new ModelBuilder({ name: 'g', opset: options.opset ?? 17 });
  builder.input('x', 'float32', x);
  const w = builder.initializer('w', weights(kernel));
  const conv = builder.node('Conv', ['x', w], {
    attributes: { strides: { ints: kernel.slice(2).map(() => 2) } },
  });
  const bounds = (options.bounds ?? []).map((bound, index) => {
    if (bound === null) return '';
    const name = `bound${index}`;
    if (options.fedBound === true) builder.input(name, 'float32', []);
    const data = Float32Array.of(bound);
    return builder.initializer(name, { type: 'float32', dims: [], data });
  });
  builder.node(options.op, [conv, ...bounds], {
    outputs: ['y'],
    attributes: options.attributes ?? {},
  });
  builder.output('y', 'float32', null);
  if (options.isShared === true) builder.output(builder.node('Neg', [conv]), 'float32', null);
  if (options.isOutput === true) builder.output(conv, 'float32', null);
  return checkPass(fuseConvActivation, builder.build(), { x: normal(x) });
}

test.each<[string, Case]>([
  ['Relu', { op: 'Relu' }],
  ['Sigmoid', { op: 'Sigmoid' }],
  ['Tanh', { op: 'Tanh' }],
  ['HardSwish', { op: 'HardSwish' }],
  ['LeakyRelu', { op: 'LeakyRelu', attributes: { alpha: { float: 0.2 } } }],
  ['LeakyRelu by default', { op: 'LeakyRelu', opset: 7 }],
  ['HardSigmoid', { op: 'HardSigmoid', attributes: { alpha: { float: 0.1 } } }],
  ['Clip with inputs', { op: 'Clip', bounds: [0, 6] }],
  ['Clip with a maximum alone', { op: 'Clip', bounds: [null, 0.5], opset: 11 }],
  ['Clip with a minimum alone', { op: 'Clip', bounds: [-0.5], opset: 26 }],
  [
    'Clip with attributes',
    { op: 'Clip', opset: 7, attributes: { min: { float: -1 }, max: { float: 1 } } },
  ],
  ['Relu of one dimension', { op: 'Relu', x: [2, 4, 9], kernel: [6, 4, 3] }],
  ['Relu of three dimensions', { op: 'Relu', x: [1, 4, 5, 5, 5], kernel: [6, 4, 3, 3, 3] }],
])('fuses %s', async (_, options) => {
  const { operators, model } = await check(options);
  expect(operators).toEqual(['com.microsoft.FusedConv']);
  expect(model.opsets.get('com.microsoft')).toBe(1);
  expect(model.graph.initializers.size).toBe(1);
});

test.each<[string, Case]>([
  ['a bound that may be fed', { op: 'Clip', bounds: [0, 6], fedBound: true }],
  ['bounds the wrong way round', { op: 'Clip', bounds: [1, -1] }],
  ['a convolution that is used twice', { op: 'Relu', isShared: true }],
  ['a convolution that is a graph output', { op: 'Relu', isOutput: true }],
])('leaves alone %s', async (_, options) => {
  const { rewrites, skipped, model } = await check(options);
  expect(rewrites).toBe(0);
  expect(skipped).toHaveLength(1);
  expect(model.opsets.has('com.microsoft')).toBe(false);
});

test('leaves an activation alone that the runtime does not fuse', async () => {
  const { rewrites } = await check({ op: 'Elu' });
  expect(rewrites).toBe(0);
});

test('leaves a convolution alone whose type is not known', async () => {
  const builder = new ModelBuilder({ name: 'g', opset: 17 });
  builder.input('a', 'float32', [1, 4, 5, 5]);
  const x = builder.node('Identity', ['a']);
  builder.input('b', 'float32', [6, 4, 3, 3]);
  const w = builder.node('Identity', ['b']);
  builder.node('Relu', [builder.node('Conv', [x, w])], { outputs: ['y'] });
  builder.output('y', 'float32', null);
  const { rewrites, skipped } = await checkPass(fuseConvActivation, builder.build(), {
    a: normal([1, 4, 5, 5]),
    b: normal([6, 4, 3, 3], 3),
  });
  expect(rewrites).toBe(0);
  expect(skipped[0]?.reason).toContain('float32');
});
