import { expect, test } from 'vitest';
import { runtimeEvaluator } from '../../../../engine/artifacts/evaluator.ts';
import { ModelBuilder } from '../../../../engine/graph/builder.ts';
import { createAttribute } from '../../../../engine/graph/create-attribute.ts';
import { createTensor } from '../../../../engine/graph/create-tensor.ts';
import { elementTypeName, elementTypeNumber } from '../../../../engine/graph/element-type.ts';
import { importModel } from '../../../../engine/graph/ir/import-model.ts';
import type { OnnxModel } from '../../../../engine/graph/model.ts';
import { foldConstants } from '../../../../engine/graph/passes/fold-constants.ts';
import { runPass, type Evaluator } from '../../../../engine/graph/passes/pass.ts';
import { checkPass, normal, operatorsOf, weights } from './check-pass.ts';

const feeds = { x: normal([2, 4]) };

function newBuilder(domains: Record<string, number> = {}): ModelBuilder {
  const builder = new ModelBuilder({ name: 'g', opset: 17, domains });
  builder.input('x', 'float32', ['N', 4]);
  return builder;
}

/** `y = x op constant`. */
function finish(builder: ModelBuilder, constant: string, opType = 'Add'): OnnxModel {
  const y = builder.node(opType, ['x', constant], { outputs: ['y'] });
  builder.output(y, 'float32', opType === 'Add' ? ['N', 4] : null);
  return builder.build();
}

function ints(builder: ModelBuilder, name: string, ...values: number[]): string {
  const data = BigInt64Array.from(values.map(BigInt));
  return builder.initializer(name, { type: 'int64', dims: [values.length], data });
}

/** Counts the evaluator's calls. */
function counted(calls: OnnxModel[]): Evaluator {
  return async (model) => {
    calls.push(model);
    return runtimeEvaluator(model);
  };
}

test('computes whole chains in one call of the evaluator', async () => {
  const builder = newBuilder();
  const sum = builder.node('Add', [
    builder.initializer('a', weights([4])),
    builder.node('Exp', [builder.initializer('b', weights([4], 3))]),
  ]);
  const other = builder.node('Sqrt', [builder.node('Abs', ['a'])]);
  const x = builder.node('Mul', [sum, other]);
  const model = finish(builder, builder.node('Neg', [x]));
  const calls: OnnxModel[] = [];
  const result = await checkPass(foldConstants, model, feeds, { evaluate: counted(calls) });
  expect(result.operators).toEqual(['Add']);
  expect(result.model.graph.initializers.size).toBe(1);
  expect(calls).toHaveLength(1);
});

test.each(['float32', 'float64', 'float16', 'int64', 'int32', 'int8', 'uint8', 'bool'])(
  'keeps the type and the bits of %s',
  async (type) => {
    const builder = newBuilder();
    builder.initializer('a', weights([1, 4]));
    const to = { to: { int: elementTypeNumber(type) } };
    const cast = builder.node('Cast', ['a'], { attributes: to, outputs: ['cast'] });
    const moved = builder.node('Transpose', [cast]);
    const back = builder.node('Concat', [moved, moved], { attributes: { axis: { int: 1 } } });
    builder.output(builder.node('Identity', [back], { outputs: ['z'] }), type, [4, 2]);
    const shaped = builder.node('Cast', [cast], { attributes: { to: { int: 1 } } });
    const keep = builder.node('Mul', ['x', shaped]);
    const result = await checkPass(foldConstants, finish(builder, keep), feeds);
    expect(result.operators.toSorted()).toEqual(['Add', 'Constant', 'Mul']);
    const [constant] = [...result.model.graph.nodes].filter((node) => node.is('Constant'));
    const tensor = constant?.attributes.get('value')?.t;
    expect(elementTypeName(tensor?.dataType)).toBe(type);
  },
);

test('folds an empty result', async () => {
  const builder = newBuilder();
  const none = builder.node('Slice', [
    ints(builder, 'a', 1, 2),
    ints(builder, 'start', 1),
    ints(builder, 'end', 1),
  ]);
  const shape = builder.node('Concat', [none, ints(builder, 'b', -1, 2)], {
    attributes: { axis: { int: 0 } },
  });
  const sum = builder.node('Add', [none, ints(builder, 'one', 1)], { outputs: ['none'] });
  builder.output(sum, 'int64', [0]);
  const result = await checkPass(foldConstants, finish(builder, shape, 'Reshape'), feeds);
  expect(result.operators.toSorted()).toEqual(['Constant', 'Reshape']);
});

test('folds all results of a node or none', async () => {
  const builder = newBuilder();
  const outputs = ['a', 'b', 'unused'];
  const axis = { axis: { int: 0 } };
  builder.node('Split', [builder.initializer('w', weights([6, 4]))], { outputs, attributes: axis });
  const sum = builder.node('ReduceSum', [builder.node('MatMul', ['x', 'big'])]);
  builder.initializer('big', weights([4, 2]));
  const used = builder.node('Add', ['a', sum]);
  const exp = builder.node('Exp', ['b']);
  const result = await checkPass(
    foldConstants,
    finish(builder, builder.node('Add', [used, exp])),
    feeds,
  );
  expect(result.operators).not.toContain('Split');
  expect(result.operators).not.toContain('Exp');
});

test('leaves random numbers, quantization pairs and other domains alone', async () => {
  const builder = newBuilder({ 'com.microsoft': 1 });
  const one = builder.initializer('one', weights([4]));
  const small = { seed: { float: 1 }, scale: { float: 1e-20 } };
  const noise = builder.node('RandomNormalLike', [one], { attributes: small });
  const scale = builder.initializer('s', { type: 'float32', dims: [], data: Float32Array.of(0.5) });
  const quantized = builder.node('QuantizeLinear', [one, scale]);
  const pair = builder.node('DequantizeLinear', [quantized, scale]);
  const gelu = builder.node('Gelu', [one], { domain: 'com.microsoft' });
  const model = finish(builder, builder.node('Sum', [noise, pair, gelu]));
  expect((await checkPass(foldConstants, model, feeds)).rewrites).toBe(0);
});

test('takes the default of an input for no constant', async () => {
  const builder = newBuilder();
  builder.input('a', 'float32', [4]);
  builder.initializer('a', weights([4]));
  const model = finish(builder, builder.node('Exp', ['a']));
  expect((await checkPass(foldConstants, model, feeds)).rewrites).toBe(0);
});

test('leaves texts alone, and folds what they are not part of', async () => {
  const builder = newBuilder();
  builder.initializer('t', { type: 'string', dims: [4], strings: ['1', '2', '3', '4'] });
  const twice = builder.node('Identity', [builder.node('Identity', ['t'])]);
  builder.output(builder.node('Identity', [twice], { outputs: ['text'] }), 'string', [4]);
  const model = finish(builder, builder.node('Exp', [builder.initializer('w', weights([4]))]));
  const evaluated = await runPass(foldConstants, importModel(model), {
    provider: 'cpu',
    evaluate: runtimeEvaluator,
  });
  expect(operatorsOf(evaluated.model)).toEqual(['Identity', 'Identity', 'Identity', 'Add']);
  expect(evaluated.skipped[0]?.reason).toContain('not numbers');
});

test('leaves a large result alone, and folds what it is made from', async () => {
  const builder = newBuilder();
  const count = builder.node('Mul', [ints(builder, 'm', 1, 1024), ints(builder, 'n', 5000, 1)]);
  const filled = builder.node('ConstantOfShape', [count]);
  const model = finish(builder, builder.node('ReduceMax', [filled]), 'Mul');
  const calls: OnnxModel[] = [];
  const result = await checkPass(foldConstants, model, feeds, { evaluate: counted(calls) });
  // The maximum is small: the large tensor is never stored.
  expect(result.operators).toEqual(['Mul']);

  const large = newBuilder();
  const size = large.node('Mul', [ints(large, 'm', 1, 1024), ints(large, 'n', 5000, 1)]);
  const expanded = large.node('ConstantOfShape', [size]);
  const first = large.node('Gather', [expanded, 'i']);
  large.input('i', 'int64', []);
  const kept = await checkPass(foldConstants, finish(large, large.node('ReduceMax', [first])), {
    ...feeds,
    i: { type: 'int64', dims: [], data: BigInt64Array.of(0n) },
  });
  expect(kept.operators).toEqual(['ConstantOfShape', 'Gather', 'ReduceMax', 'Add']);
  expect(kept.skipped[0]?.reason).toContain('more than what it is made from');
}, 20_000);

test('folds a large result that replaces as much', async () => {
  const builder = newBuilder();
  const dims = [2 ** 20 + 1, 4];
  const data = new Float32Array(4 * (2 ** 20 + 1));
  const w = builder.initializer('w', { type: 'float32', dims, data });
  const product = builder.node('MatMul', ['x', builder.node('Transpose', [w])]);
  const result = await checkPass(
    foldConstants,
    finish(builder, builder.node('ReduceMax', [product])),
    feeds,
  );
  expect(result.operators).toEqual(['MatMul', 'ReduceMax', 'Add']);
}, 20_000);

test('folds around nodes that the runtime cannot compute', async () => {
  const builder = newBuilder();
  const good = Array.from({ length: 5 }, (_, index) =>
    builder.node('Exp', [builder.initializer(`w${index}`, weights([4], index + 3))]),
  );
  const bad = builder.node('Exp', [builder.node('Reshape', ['w0', ints(builder, 'wrong', 3)])]);
  const sum = builder.node(
    'Sum',
    good.map((value) => builder.node('Mul', ['x', value])),
  );
  const either = builder.node('Where', ['c', sum, bad]);
  builder.input('c', 'bool', [4]);
  const model = importModel(finish(builder, either));
  const calls: OnnxModel[] = [];
  const result = await runPass(foldConstants, model, { provider: 'cpu', evaluate: counted(calls) });
  expect(result.rewrites).toBe(5);
  expect(operatorsOf(model).filter((name) => name === 'Exp')).toHaveLength(1);
  expect(result.skipped.every(({ reason }) => reason.includes('cannot compute'))).toBe(true);
  expect(calls.length).toBeLessThan(10);
});

test('does nothing without an evaluator', async () => {
  const builder = newBuilder();
  const model = finish(builder, builder.node('Exp', [builder.initializer('w', weights([4]))]));
  expect((await checkPass(foldConstants, model, feeds, { evaluate: null })).rewrites).toBe(0);
});

test('folds inside a subgraph what reads constants of the graphs around', async () => {
  const branch = (name: string, op: string): ReturnType<ModelBuilder['buildGraph']> => {
    const inner = new ModelBuilder({ name, opset: 17 });
    const c = inner.node(op, ['w'], { outputs: [`${name}_c`] });
    inner.output(inner.node('Add', ['x', c], { outputs: [`${name}_y`] }), 'float32', null);
    return inner.buildGraph();
  };
  const alone = new ModelBuilder({ name: 'alone', opset: 17 });
  alone.output(alone.node('Exp', ['w'], { outputs: ['alone_y'] }), 'float32', null);
  const builder = newBuilder();
  builder.input('c', 'bool', []);
  builder.node('Neg', [builder.initializer('v', weights([4]))], { outputs: ['w'] });
  builder.node('If', ['c'], {
    outputs: ['z'],
    attributes: {
      then_branch: { graph: branch('a', 'Abs') },
      else_branch: { graph: alone.buildGraph() },
    },
  });
  const result = await checkPass(foldConstants, finish(builder, 'z'), {
    ...feeds,
    c: { type: 'bool', dims: [], data: Uint8Array.of(1) },
  });
  expect(result.operators).toEqual(['If', 'Add', 'Add', 'Constant']);
});

test('reads a Constant that is an output of the graph', async () => {
  const builder = newBuilder();
  const tensor = createTensor('', weights([4]));
  builder.node('Constant', [], { attributes: { value: { tensor } }, outputs: ['c'] });
  builder.output('c', 'float32', [4]);
  const result = await checkPass(foldConstants, finish(builder, builder.node('Exp', ['c'])), feeds);
  expect(result.operators).toEqual(['Constant', 'Add']);
});

test('leaves a reference to data in another file alone', async () => {
  const builder = newBuilder();
  builder.initializer('w', weights([4]));
  const model = finish(builder, builder.node('Exp', ['w']));
  const [w] = model.graph.initializers;
  const { rawData: _, ...rest } = w ?? createTensor('w', weights([4]));
  const initializers = [
    {
      ...rest,
      dataLocation: 1,
      externalData: [{ key: 'location', value: 'w.bin', metadataProps: [] }],
    },
  ];
  const imported = importModel({ ...model, graph: { ...model.graph, initializers } });
  const calls: OnnxModel[] = [];
  const result = await runPass(foldConstants, imported, {
    provider: 'cpu',
    evaluate: counted(calls),
  });
  expect([result.rewrites, calls.length]).toEqual([0, 0]);
});

test('keeps the attributes of what it computes', async () => {
  const builder = newBuilder();
  const w = builder.initializer('w', weights([4, 4]));
  const attributes = { perm: { ints: [1, 0] } };
  const moved = builder.node('Transpose', [w], { attributes });
  const calls: OnnxModel[] = [];
  const evaluate = counted(calls);
  await checkPass(foldConstants, finish(builder, moved, 'MatMul'), feeds, { evaluate });
  expect(calls[0]?.graph.nodes[0]?.attributes).toEqual([createAttribute('perm', attributes.perm)]);
});
