import { describe, expect, test } from 'vitest';
import { ModelBuilder } from '../../../../engine/graph/builder.ts';
import { createTensor, type TensorContent } from '../../../../engine/graph/create-tensor.ts';
import type { Dim } from '../../../../engine/graph/describe.ts';
import { elementTypeNumber } from '../../../../engine/graph/element-type.ts';
import { importModel } from '../../../../engine/graph/ir/import-model.ts';
import type { OnnxGraph, OnnxModel, OnnxValueInfo } from '../../../../engine/graph/model.ts';
import { inferShapes } from '../../../../engine/graph/shapes/infer-shapes.ts';
import type { Tensors } from '../../../../engine/runtime/tensor.ts';
import { normal } from '../passes/check-pass.ts';
import { checkShapes, infer, type Sizes } from './check-shapes.ts';

const int64 = (dims: readonly number[], ...values: readonly number[]): TensorContent => ({
  type: 'int64',
  dims,
  data: BigInt64Array.from(values, BigInt),
});

/** x float32 [N,S,12] and a few constants. */
function start(opset = 17): ModelBuilder {
  const builder = new ModelBuilder({ name: 'g', opset });
  builder.input('x', 'float32', ['N', 'S', 12]);
  builder.initializer('zero', int64([], 0));
  builder.initializer('one', int64([], 1));
  builder.initializer('two', int64([], 2));
  builder.initializer('first', int64([1], 0));
  builder.initializer('minus', int64([1], -1));
  return builder;
}

const SIZES = [
  { N: 1, S: 4 },
  { N: 3, S: 7 },
];
const feedsOf = ({ N = 1, S = 1 }: Sizes): Tensors => ({ x: normal([N, S, 12]) });

function declare(name: string, type: string, dims: readonly Dim[]): OnnxValueInfo {
  const shape = {
    dims: dims.map((dim) =>
      dim === null ? {} : typeof dim === 'number' ? { value: dim } : { symbol: dim },
    ),
  };
  return {
    name,
    type: { tensorType: { elemType: elementTypeNumber(type), shape } },
    metadataProps: [],
  };
}

function withInfos(model: OnnxModel, ...valueInfos: readonly OnnxValueInfo[]): OnnxModel {
  return { ...model, graph: { ...model.graph, valueInfos } };
}

describe('shape arithmetic', () => {
  test('follows symbols and numbers to the target of a Reshape', async () => {
    const builder = start();
    builder.node('Shape', ['x'], { outputs: ['shape'] });
    const dims = ['zero', 'one', 'two'].map((index) => builder.node('Gather', ['shape', index]));
    const [n = '', s = '', c = ''] = dims.map((dim) => builder.node('Unsqueeze', [dim, 'first']));
    builder.node('Div', [c, builder.initializer('heads', int64([1], 4))], { outputs: ['each'] });
    builder.node('Concat', [n, s, 'heads', 'each'], {
      outputs: ['target'],
      attributes: { axis: { int: 0 } },
    });
    builder.output(builder.node('Reshape', ['x', 'target'], { outputs: ['y'] }), 'float32', null);
    const inferred = await checkShapes(builder.build(), feedsOf, SIZES);
    expect(inferred('each').elements).toEqual([3]);
    expect(inferred('target').elements).toEqual(['N', 'S', 4, 3]);
    expect(inferred('y').dims).toEqual(['N', 'S', 4, 3]);
  });

  test('knows that a dim is never -1, as exporters ask before an Expand', async () => {
    const builder = start();
    builder.node('Shape', ['x'], { outputs: ['shape'], attributes: { end: { int: 2 } } });
    builder.node('Shape', ['shape'], { outputs: ['rank'] });
    builder.node('ConstantOfShape', ['rank'], {
      outputs: ['ones'],
      attributes: { value: { tensor: createTensor('', int64([1], 1)) } },
    });
    builder.node('Mul', ['ones', 'minus'], { outputs: ['unset'] });
    builder.node('Equal', ['shape', 'unset'], { outputs: ['isUnset'] });
    builder.node('Where', ['isUnset', 'ones', 'shape'], { outputs: ['target'] });
    builder.node(
      'Expand',
      [builder.initializer('c', { type: 'float32', dims: [], data: Float32Array.of(2) }), 'target'],
      { outputs: ['y'] },
    );
    builder.output('y', 'float32', null);
    const inferred = await checkShapes(builder.build(), feedsOf, SIZES);
    expect(inferred('isUnset').elements).toEqual([0, 0]);
    expect(inferred('y').dims).toEqual(['N', 'S']);
  });

  test('computes pads in float as exporters do', async () => {
    const builder = start();
    builder.node('Shape', ['x'], { outputs: ['shape'], attributes: { start: { int: 2 } } });
    builder.node('Cast', ['shape'], { outputs: ['size'], attributes: { to: { int: 1 } } });
    const stride = builder.initializer('stride', {
      type: 'float32',
      dims: [],
      data: Float32Array.of(5),
    });
    builder.node('Ceil', [builder.node('Div', ['size', stride])], { outputs: ['steps'] });
    builder.node('Cast', [builder.node('Mul', ['steps', stride])], {
      outputs: ['whole'],
      attributes: { to: { int: 7 } },
    });
    builder.node('Sub', ['whole', 'shape'], { outputs: ['y'] });
    builder.output('y', 'int64', [1]);
    const inferred = await checkShapes(builder.build(), feedsOf, SIZES);
    expect(inferred('y')).toEqual({ type: 'int64', dims: [1], elements: [3] });
  });

  test('a slice of a table to the length broadcasts with the length', async () => {
    const builder = start();
    const table = builder.initializer('table', {
      type: 'float32',
      dims: [1, 9, 12],
      data: new Float32Array(108),
    });
    builder.node('Shape', ['x'], {
      outputs: ['s'],
      attributes: { start: { int: 1 }, end: { int: 2 } },
    });
    builder.node('Slice', [table, 'first', 's', builder.initializer('axis', int64([1], 1))], {
      outputs: ['rows'],
    });
    builder.output(builder.node('Add', ['x', 'rows'], { outputs: ['y'] }), 'float32', null);
    const inferred = await checkShapes(builder.build(), feedsOf, SIZES);
    expect(inferred('rows').dims).toEqual([1, 'min(9,S)', 12]);
    expect(inferred('y').dims).toEqual(['N', 'S', 12]);
  });
});

describe('is not guessed', () => {
  test.each([
    ['an operator of another domain', 'Relu', 'elsewhere'],
    ['an operator that is not known', 'FrobnicateAll', ''],
  ])('%s', (_, opType, domain) => {
    const builder = start();
    builder.node(opType, ['x'], { outputs: ['h'], domain });
    builder.node('Add', ['x', 'h'], { outputs: ['y'] });
    const inferred = infer(builder.build());
    expect(inferred('h')).toEqual({ type: null, dims: null, elements: null });
    expect(inferred('y').dims).toBeNull();
  });

  test('an operator that the model defines itself', () => {
    const builder = start();
    builder.node('Relu', ['x'], { outputs: ['y'] });
    const own = {
      name: 'Relu',
      domain: '',
      inputs: ['a'],
      outputs: ['b'],
      attributes: [],
      nodes: [],
      opsetImports: [],
      attributeProtos: [],
      valueInfos: [],
      metadataProps: [],
    };
    expect(infer({ ...builder.build(), functions: [own] })('y').dims).toBeNull();
  });

  test('the content of an input that has a default', () => {
    const builder = start();
    const target = builder.input('target', 'int64', [2]);
    builder.initializer('target', int64([2], 3, 4));
    builder.node('Reshape', ['x', target], { outputs: ['y'] });
    expect(infer(builder.build())('y').dims).toEqual([null, null]);
  });

  test('broadcasting before opset 7', () => {
    const builder = start(6);
    builder.node('Add', ['x', 'x'], { outputs: ['y'] });
    expect(infer(builder.build())('y').dims).toBeNull();
  });

  test('a rank that cannot be', () => {
    const builder = start();
    builder.node('Reshape', ['x', builder.input('target', 'int64', [2 ** 40])], { outputs: ['y'] });
    expect(infer(builder.build())('y').dims).toBeNull();
  });
});

describe('what the file declares', () => {
  function opaque(): OnnxModel {
    const builder = start();
    builder.node('Relu', ['x'], { outputs: ['r'] });
    builder.node('Opaque', ['r'], { outputs: ['h'], domain: 'elsewhere' });
    builder.node('Relu', ['h'], { outputs: ['y'] });
    return builder.build();
  }

  test('fills what is unknown, but for symbols', () => {
    const inferred = infer(withInfos(opaque(), declare('h', 'float32', ['N', 5])));
    expect(inferred('y')).toEqual({ type: 'float32', dims: [null, 5], elements: null });
  });

  test('is not believed at all when a part of it is out of date', () => {
    const stale = declare('r', 'float32', [1, 'S', 12]);
    expect(infer(withInfos(opaque(), declare('h', 'float32', [1, 5]), stale))('y').dims).toBeNull();
  });
});

describe('subgraphs', () => {
  const branch = (name: string, ...ops: readonly string[]): OnnxGraph => {
    const inner = new ModelBuilder({ name, opset: 17 });
    const last = ops.reduce(
      (value, op, index) => inner.node(op, [value], { outputs: [`${name}${index}`] }),
      'h',
    );
    inner.output(last, 'float32', null);
    return inner.buildGraph();
  };

  function choose(then: OnnxGraph, other: OnnxGraph): OnnxModel {
    const builder = start();
    builder.node('Neg', ['x'], { outputs: ['h'] });
    const yes = builder.initializer('yes', { type: 'bool', dims: [], data: Uint8Array.of(1) });
    builder.node('If', [yes], {
      outputs: ['y'],
      attributes: { then_branch: { graph: then }, else_branch: { graph: other } },
    });
    builder.output('y', 'float32', null);
    return builder.build();
  }

  test('see the values around them; both branches must agree', async () => {
    const same = await checkShapes(
      choose(branch('a', 'Relu'), branch('b', 'Abs', 'Exp')),
      feedsOf,
      SIZES,
    );
    expect(same('y')).toEqual({ type: 'float32', dims: ['N', 'S', 12], elements: null });
    const apart = await checkShapes(
      choose(branch('a', 'Transpose'), branch('b', 'Abs')),
      feedsOf,
      SIZES,
    );
    expect(apart('y').dims).toEqual([null, 'S', null]);
  });

  test('of a Loop may change the shape of what they carry', async () => {
    const body = new ModelBuilder({ name: 'body', opset: 17 });
    const [, go, state] = [
      body.input('i', 'int64', []),
      body.input('c', 'bool', []),
      body.input('s', 'float32', null),
    ];
    body.output(body.node('Identity', [go], { outputs: ['c2'] }), 'bool', []);
    body.output(
      body.node('Concat', [state, 'x'], { outputs: ['s2'], attributes: { axis: { int: 1 } } }),
      'float32',
      null,
    );
    body.output(body.node('Neg', ['x'], { outputs: ['row'] }), 'float32', null);
    const builder = start();
    builder.node('Loop', ['two', '', 'x'], {
      outputs: ['y', 'rows'],
      attributes: { body: { graph: body.buildGraph() } },
    });
    builder.output('y', 'float32', null);
    const inferred = await checkShapes(builder.build(), feedsOf, SIZES);
    expect(inferred('y')).toEqual({ type: 'float32', dims: null, elements: null });
    expect(inferred('rows').dims).toEqual([null, null, null, null]);
  });
});

test('a chain of 20,000 nodes takes little time', () => {
  const builder = start();
  let value = 'x';
  for (let index = 0; index < 20_000; index += 1) {
    const shape = index % 4 === 0 ? builder.node('Shape', [value]) : null;
    value =
      shape === null ? builder.node('Relu', [value]) : builder.node('Reshape', [value, shape]);
  }
  builder.output(value, 'float32', null);
  const model = importModel(builder.build());
  const began = performance.now();
  const [output] = model.graph.outputs;
  expect(output === undefined ? null : inferShapes(model).of(output).dims).toEqual(['N', 'S', 12]);
  expect(performance.now() - began).toBeLessThan(4000);
});
