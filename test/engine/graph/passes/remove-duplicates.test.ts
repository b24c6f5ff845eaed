import { expect, test } from 'vitest';
import { ModelBuilder } from '../../../../engine/graph/builder.ts';
import { createTensor } from '../../../../engine/graph/create-tensor.ts';
import { importModel } from '../../../../engine/graph/ir/import-model.ts';
import { runPass } from '../../../../engine/graph/passes/pass.ts';
import { removeDuplicates } from '../../../../engine/graph/passes/remove-duplicates.ts';
import { checkPass, normal, weights } from './check-pass.ts';

const feeds = { x: normal([2, 4]) };

function newBuilder(): ModelBuilder {
  const builder = new ModelBuilder({ name: 'g', opset: 17 });
  builder.input('x', 'float32', ['N', 4]);
  return builder;
}

test('merges equal initializers of the same type and shape', async () => {
  const builder = newBuilder();
  const sum = builder.node('Add', ['x', builder.initializer('a', weights([4]))]);
  const product = builder.node('Mul', [sum, builder.initializer('b', weights([4]))]);
  builder.initializer('other', weights([4], 7));
  builder.initializer('shaped', weights([1, 4]));
  const last = builder.node('Sub', [builder.node('Add', [product, 'other']), 'shaped']);
  builder.output(builder.node('Neg', [last], { outputs: ['y'] }), 'float32', ['N', 4]);
  const { model, rewrites } = await checkPass(removeDuplicates, builder.build(), feeds);
  expect(rewrites).toBe(1);
  expect([...model.graph.initializers].map((value) => value.name)).toEqual([
    'a',
    'other',
    'shaped',
  ]);
});

test('sees that float_data and raw_data hold the same', async () => {
  const builder = newBuilder();
  builder.initializer('a', { type: 'float32', dims: [1], data: Float32Array.of(3) });
  builder.initializer('b', { type: 'float32', dims: [1], data: Float32Array.of(3) });
  const sum = builder.node('Add', ['x', 'a']);
  builder.output(builder.node('Mul', [sum, 'b'], { outputs: ['y'] }), 'float32', ['N', 4]);
  const model = builder.build();
  const [a, { rawData: _, ...b } = createTensor('', weights([1]))] = model.graph.initializers;
  const initializers = [a ?? b, { ...b, floatData: Float32Array.of(3) }];
  const changed = { ...model, graph: { ...model.graph, initializers } };
  expect((await checkPass(removeDuplicates, changed, feeds)).rewrites).toBe(1);
});

test('keeps apart 0 and -0, and equal bytes of another type', async () => {
  const builder = newBuilder();
  builder.initializer('a', { type: 'float32', dims: [], data: Float32Array.of(0) });
  builder.initializer('b', { type: 'float32', dims: [], data: Float32Array.of(-0) });
  builder.initializer('c', { type: 'int32', dims: [], data: Int32Array.of(0) });
  const cast = builder.node('Cast', ['c'], { attributes: { to: { int: 1 } } });
  const sum = builder.node('Sum', ['x', 'a', 'b', cast], { outputs: ['y'] });
  builder.output(sum, 'float32', ['N', 4]);
  expect((await checkPass(removeDuplicates, builder.build(), feeds)).rewrites).toBe(0);
});

test('leaves the default of an input alone', async () => {
  const builder = newBuilder();
  builder.input('a', 'float32', [4]);
  builder.initializer('a', weights([4]));
  builder.initializer('b', weights([4]));
  const sum = builder.node('Add', ['x', 'a']);
  builder.output(builder.node('Mul', [sum, 'b'], { outputs: ['y'] }), 'float32', ['N', 4]);
  expect((await checkPass(removeDuplicates, builder.build(), feeds)).rewrites).toBe(0);
});

test('merges whole equal branches in one run, however they are interleaved', async () => {
  const builder = newBuilder();
  builder.initializer('w', weights([4, 4]));
  builder.initializer('v', weights([4, 4]));
  const [a, b] = ['w', 'v'].map((w) => builder.node('MatMul', ['x', w]));
  const [c, d] = [a, b].map((h = '') => builder.node('LeakyRelu', [h]));
  const [e, f] = [c, d].map((h = '') => builder.node('Softmax', [h], AXIS_1));
  builder.output(builder.node('Add', [e ?? '', f ?? ''], { outputs: ['y'] }), 'float32', ['N', 4]);
  const { operators } = await checkPass(removeDuplicates, builder.build(), feeds);
  expect(operators).toEqual(['MatMul', 'LeakyRelu', 'Softmax', 'Add']);
});

const AXIS_1 = { attributes: { axis: { int: 1 } } };

test('keeps both of two equal outputs of the graph, and merges what follows them', async () => {
  const builder = newBuilder();
  for (const name of ['y', 'z']) {
    builder.output(builder.node('Relu', ['x'], { outputs: [name] }), 'float32', ['N', 4]);
  }
  const [a, b] = ['y', 'z'].map((h) => builder.node('Exp', [h]));
  const sum = builder.node('Add', [a ?? '', b ?? ''], { outputs: ['s'] });
  builder.output(sum, 'float32', ['N', 4]);
  const { operators, skipped } = await checkPass(removeDuplicates, builder.build(), feeds);
  expect(operators).toEqual(['Relu', 'Relu', 'Exp', 'Add']);
  expect(skipped[0]?.reason).toContain('outputs of the graph');
});

test('gives the name of an output to the node that stays', async () => {
  const builder = newBuilder();
  const inner = builder.node('Neg', [builder.node('Relu', ['x'])]);
  builder.output(builder.node('Relu', ['x'], { outputs: ['y'] }), 'float32', ['N', 4]);
  builder.output(builder.node('Abs', [inner], { outputs: ['z'] }), 'float32', ['N', 4]);
  const { operators } = await checkPass(removeDuplicates, builder.build(), feeds);
  expect(operators).toEqual(['Relu', 'Neg', 'Abs']);
});

test('leaves alone what differs in an attribute or in the order of inputs', async () => {
  const builder = newBuilder();
  const slopes = [0.1, 0.2].map((alpha) =>
    builder.node('LeakyRelu', ['x'], { attributes: { alpha: { float: alpha } } }),
  );
  const differences = [builder.node('Sub', slopes), builder.node('Sub', slopes.toReversed())];
  builder.output(builder.node('Sum', differences, { outputs: ['y'] }), 'float32', ['N', 4]);
  expect((await checkPass(removeDuplicates, builder.build(), feeds)).rewrites).toBe(0);
});

test('leaves alone what differs in the number of outputs alone', async () => {
  const builder = newBuilder();
  const parts = [
    ['a', 'b'],
    ['c', 'd', 'e', 'f'],
  ];
  for (const outputs of parts) builder.node('Split', ['x'], { outputs, ...AXIS_1 });
  for (const name of parts.flat()) builder.output(name, 'float32', ['N', null]);
  // Not run: the runtime (1.30.0, level all) takes these two for the same.
  const model = importModel(builder.build());
  const { rewrites } = await runPass(removeDuplicates, model, { provider: 'cpu', evaluate: null });
  expect(rewrites).toBe(0);
});

test('leaves random operators and other domains alone', async () => {
  const builder = new ModelBuilder({ name: 'g', opset: 17, domains: { 'com.microsoft': 1 } });
  builder.input('x', 'float32', ['N', 4]);
  const noise = [0, 1].map(() =>
    builder.node('RandomNormalLike', ['x'], {
      attributes: { seed: { float: 3 }, scale: { float: 1e-20 } },
    }),
  );
  const gelus = [0, 1].map(() => builder.node('Gelu', ['x'], { domain: 'com.microsoft' }));
  const sum = builder.node('Sum', [...noise, ...gelus], { outputs: ['y'] });
  builder.output(sum, 'float32', ['N', 4]);
  expect((await checkPass(removeDuplicates, builder.build(), feeds)).rewrites).toBe(0);
});

test('leaves quantization pairs alone', async () => {
  const builder = newBuilder();
  builder.initializer('s', { type: 'float32', dims: [], data: Float32Array.of(0.1) });
  const pairs = [0, 1].map(() =>
    builder.node('DequantizeLinear', [builder.node('QuantizeLinear', ['x', 's']), 's']),
  );
  builder.output(builder.node('Add', pairs, { outputs: ['y'] }), 'float32', ['N', 4]);
  expect((await checkPass(removeDuplicates, builder.build(), feeds)).rewrites).toBe(0);
});

test('merges inside a subgraph, and what a subgraph reads, but not across', async () => {
  const branch = (name: string): ReturnType<ModelBuilder['buildGraph']> => {
    const inner = new ModelBuilder({ name, opset: 17 });
    const equal = ['a', 'b'].map((h) =>
      inner.node('Exp', [h], { outputs: [`${name}_exp_${h}`], name: `${name}_${h}` }),
    );
    const relu = inner.node('Relu', ['x'], { outputs: [`${name}_relu`] });
    inner.output(inner.node('Sum', [...equal, relu], { outputs: [`${name}_y`] }), 'float32', null);
    return inner.buildGraph();
  };
  const builder = newBuilder();
  builder.input('yes', 'bool', []);
  for (const name of ['a', 'b']) builder.node('Relu', ['x'], { outputs: [name] });
  builder.node('If', ['yes'], {
    outputs: ['y'],
    attributes: { then_branch: { graph: branch('t') }, else_branch: { graph: branch('e') } },
  });
  builder.output('y', 'float32', ['N', 4]);
  const { operators } = await checkPass(removeDuplicates, builder.build(), {
    ...feeds,
    yes: { type: 'bool', dims: [], data: Uint8Array.of(1) },
  });
  const inner = ['Exp', 'Relu', 'Sum'];
  expect(operators).toEqual(['Relu', 'If', ...inner, ...inner]);
});

test('takes time linear in the nodes', async () => {
  const builder = newBuilder();
  let [a, b] = ['x', 'x'];
  for (let index = 0; index < 10_000; index += 1) {
    [a, b] = [builder.node('Relu', [a]), builder.node('Relu', [b])];
  }
  builder.output(builder.node('Add', [a, b], { outputs: ['y'] }), 'float32', ['N', 4]);
  const model = importModel(builder.build());
  const { rewrites } = await runPass(removeDuplicates, model, { provider: 'cpu', evaluate: null });
  expect(rewrites).toBe(10_000);
  expect(model.graph.nodes.size).toBe(10_001);
}, 10_000);
