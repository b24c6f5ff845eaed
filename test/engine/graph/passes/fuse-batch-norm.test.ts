import { describe, expect, test } from 'vitest';
import { ModelBuilder } from '../../../../engine/graph/builder.ts';
import type { AttributeValue } from '../../../../engine/graph/create-attribute.ts';
import { importModel } from '../../../../engine/graph/ir/import-model.ts';
import { fuseBatchNorm } from '../../../../engine/graph/passes/fuse-batch-norm.ts';
import { runPass } from '../../../../engine/graph/passes/pass.ts';
import { checkPass, normal, weights, type CheckedPass } from './check-pass.ts';

type Attributes = Readonly<Record<string, AttributeValue>>;

/** Names of the parameters of a BatchNormalization over `channels`. */
function parameters(builder: ModelBuilder, channels: number, shift = 1): string[] {
  const add = (name: string, change: (value: number) => number, seed: number): string =>
    builder.initializer(name, {
      ...weights([channels]),
      data: weights([channels], seed).data.map(change),
    });
  return [
    add('gamma', (value) => value + 1, 11),
    add('beta', (value) => value * shift, 12),
    add('mean', (value) => value * shift, 13),
    add('var', (value) => Math.abs(value) + 0.1, 14),
  ];
}

function started(opset = 17): ModelBuilder {
  return new ModelBuilder({ name: 'g', opset });
}

describe('after a convolution', () => {
  interface Case {
    readonly opset?: number;
    readonly op?: 'Conv' | 'ConvTranspose';
    readonly kernel?: readonly number[];
    readonly x?: readonly number[];
    readonly hasBias?: boolean;
    readonly group?: number;
    readonly norm?: Attributes;
  }

  async function checkConv(options: Case): Promise<CheckedPass> {
    const { op = 'Conv', kernel = [6, 4, 3, 3], x = [2, 4, 5, 5], group = 1 } = options;
    const channels = op === 'Conv' ? (kernel[0] ?? 0) : (kernel[1] ?? 0) * group;
    const builder = started(options.opset);
    builder.input('x', 'float32', x);
    const w = builder.initializer('w', weights(kernel));
    const bias = options.hasBias === true ? [builder.initializer('b', weights([channels]))] : [];
    const conv = builder.node(op, ['x', w, ...bias], {
      name: 'conv',
      attributes: { group: { int: group } },
    });
    builder.node('BatchNormalization', [conv, ...parameters(builder, channels)], {
      outputs: ['y'],
      attributes: { epsilon: { float: 0.01 }, ...options.norm },
    });
    builder.output('y', 'float32', null);
    return checkPass(fuseBatchNorm, builder.build(), { x: normal(x) });
  }

  test.each<[string, Case]>([
    ['with a bias', { hasBias: true }],
    ['without a bias', {}],
    ['of opset 7', { opset: 7, norm: { spatial: { int: 1 } } }],
    ['of opset 9', { opset: 9 }],
    ['of opset 15', { opset: 15, norm: { training_mode: { int: 0 } } }],
    ['in groups', { kernel: [6, 2, 3, 3], group: 2 }],
    ['of one dimension', { kernel: [6, 4, 3], x: [2, 4, 7] }],
    ['transposed', { op: 'ConvTranspose', kernel: [4, 6, 3, 3], hasBias: true }],
    ['transposed, in groups', { op: 'ConvTranspose', kernel: [4, 3, 2, 2], group: 2 }],
  ])('fuses one %s', async (_, options) => {
    const { operators, model } = await checkConv(options);
    expect(operators).toEqual([options.op ?? 'Conv']);
    expect(model.graph.initializers.size).toBe(2);
  });

  test('names a new bias after the node', async () => {
    const { model } = await checkConv({});
    expect([...model.graph.initializers].map(({ name }) => name)).toEqual(['w', 'conv_bias']);
  });

  test('leaves one alone that computes statistics of the batch', async () => {
    const builder = started();
    builder.input('x', 'float32', [2, 4, 5, 5]);
    const conv = builder.node('Conv', ['x', builder.initializer('w', weights([6, 4, 3, 3]))]);
    builder.node('BatchNormalization', [conv, ...parameters(builder, 6)], {
      outputs: ['y', 'running_mean', 'running_var'],
      attributes: { training_mode: { int: 1 } },
    });
    builder.output('y', 'float32', null);
    const { rewrites, skipped } = await checkPass(fuseBatchNorm, builder.build(), {
      x: normal([2, 4, 5, 5]),
    });
    expect(rewrites).toBe(0);
    expect(skipped[0]?.reason).toBe('it computes statistics of the batch');
  });

  test('copies weights that another node reads', async () => {
    const builder = started();
    builder.input('x', 'float32', [2, 4, 5, 5]);
    const w = builder.initializer('w', weights([6, 4, 3, 3]));
    const conv = builder.node('Conv', ['x', w]);
    builder.node('BatchNormalization', [conv, ...parameters(builder, 6)], { outputs: ['y'] });
    builder.node('Conv', ['x', w], { outputs: ['z'] });
    builder.output('y', 'float32', null);
    builder.output('z', 'float32', null);
    const { operators, model } = await checkPass(fuseBatchNorm, builder.build(), {
      x: normal([2, 4, 5, 5]),
    });
    expect(operators).toEqual(['Conv', 'Conv']);
    expect([...model.graph.initializers].map(({ name }) => name)).toContain('w_1');
  });

  test('fuses two in a row', async () => {
    const builder = started();
    builder.input('x', 'float32', [2, 4, 5, 5]);
    const conv = builder.node('Conv', ['x', builder.initializer('w', weights([6, 4, 3, 3]))]);
    const names = parameters(builder, 6);
    const first = builder.node('BatchNormalization', [conv, ...names]);
    builder.node('BatchNormalization', [first, ...names], { outputs: ['y'] });
    builder.output('y', 'float32', null);
    const { operators, rewrites } = await checkPass(fuseBatchNorm, builder.build(), {
      x: normal([2, 4, 5, 5]),
    });
    expect(operators).toEqual(['Conv']);
    expect(rewrites).toBe(2);
  });

  test.each(['the sum of both', 'a graph output', 'a default input', 'a weight that is fed'])(
    'leaves it alone beside %s',
    async (what) => {
      const builder = started();
      const x = builder.input('x', 'float32', [2, 4, 5, 5]);
      const w = builder.initializer('w', weights([6, 4, 3, 3]));
      if (what === 'a weight that is fed') builder.input('w', 'float32', [6, 4, 3, 3]);
      const conv = builder.node('Conv', [x, w], { outputs: ['c'] });
      const norm = builder.node('BatchNormalization', [conv, ...parameters(builder, 6)]);
      if (what === 'a default input') builder.input('gamma', 'float32', [6]);
      const sum = builder.node('Add', [norm, what === 'the sum of both' ? conv : norm]);
      builder.output(sum, 'float32', null);
      if (what === 'a graph output') builder.output('c', 'float32', null);
      const { rewrites, skipped } = await checkPass(fuseBatchNorm, builder.build(), {
        x: normal([2, 4, 5, 5]),
      });
      expect(rewrites).toBe(0);
      expect(skipped).toHaveLength(1);
    },
  );
});

describe('before a convolution', () => {
  async function checkBefore(shift: number, conv: Attributes, op = 'Conv'): Promise<CheckedPass> {
    const builder = started();
    builder.input('x', 'float32', [2, 4, 6, 6]);
    const norm = builder.node('BatchNormalization', ['x', ...parameters(builder, 4, shift)]);
    const w = builder.initializer('w', weights(op === 'Conv' ? [6, 2, 3, 3] : [4, 3, 3, 3]));
    builder.node(op, [norm, w], { outputs: ['y'], attributes: { group: { int: 2 }, ...conv } });
    builder.output('y', 'float32', null);
    return checkPass(fuseBatchNorm, builder.build(), { x: normal([2, 4, 6, 6]) });
  }

  test.each<[string, number, Attributes]>([
    ['without padding', 1, {}],
    ['with VALID padding', 1, { auto_pad: { string: 'VALID' } }],
    ['with pads of zero', 1, { pads: { ints: [0, 0, 0, 0] } }],
    ['with padding when it shifts nothing', 0, { pads: { ints: [1, 1, 1, 1] } }],
  ])('fuses one %s', async (_, shift, attributes) => {
    const { operators } = await checkBefore(shift, attributes);
    expect(operators).toEqual(['Conv']);
  });

  test.each<[string, Attributes]>([
    ['pads', { pads: { ints: [0, 0, 1, 1] } }],
    ['auto_pad', { auto_pad: { string: 'SAME_UPPER' } }],
  ])('leaves one with %s alone', async (_, attributes) => {
    const { operators, skipped } = await checkBefore(1, attributes);
    expect(operators).toEqual(['BatchNormalization', 'Conv']);
    expect(skipped[0]?.reason).toContain('pads with zeros');
  });

  test('fuses into ConvTranspose only what shifts nothing', async () => {
    expect((await checkBefore(0, {}, 'ConvTranspose')).operators).toEqual(['ConvTranspose']);
    expect((await checkBefore(1, {}, 'ConvTranspose')).rewrites).toBe(0);
  });
});

describe('beside a matrix product', () => {
  interface Product {
    readonly op: 'Gemm' | 'MatMul';
    readonly weight?: readonly number[];
    readonly bias?: readonly number[];
    readonly attributes?: Attributes;
    readonly x?: readonly number[];
    readonly declared?: readonly (number | string)[] | null;
  }

  async function checkProduct(where: 'before' | 'after', options: Product): Promise<CheckedPass> {
    const { op, weight = [4, 6], x = [3, 4] } = options;
    const builder = started();
    builder.input('x', 'float32', options.declared === undefined ? ['N', 4] : options.declared);
    const inputs = [builder.initializer('w', weights(weight))];
    if (options.bias !== undefined) inputs.push(builder.initializer('c', weights(options.bias)));
    const names = parameters(builder, where === 'after' ? 6 : 4);
    const attributes = options.attributes ?? {};
    if (where === 'after') {
      const product = builder.node(op, ['x', ...inputs], { attributes });
      builder.node('BatchNormalization', [product, ...names], { outputs: ['y'] });
    } else {
      const norm = builder.node('BatchNormalization', ['x', ...names]);
      builder.node(op, [norm, ...inputs], { attributes, outputs: ['y'] });
    }
    builder.output('y', 'float32', null);
    return checkPass(fuseBatchNorm, builder.build(), { x: normal(x) });
  }

  const scaled: Attributes = { alpha: { float: 0.5 }, beta: { float: 3 } };
  const products: readonly [string, Product][] = [
    ['Gemm', { op: 'Gemm', bias: [6] }],
    ['Gemm without C', { op: 'Gemm' }],
    ['Gemm with alpha and beta', { op: 'Gemm', bias: [1, 6], attributes: scaled }],
    ['Gemm with a scalar C', { op: 'Gemm', bias: [], attributes: scaled }],
    [
      'Gemm that transposes its weights',
      { op: 'Gemm', weight: [6, 4], bias: [6], attributes: { transB: { int: 1 }, ...scaled } },
    ],
    ['MatMul', { op: 'MatMul' }],
  ];

  test.each(products)('fuses one after %s', async (_, options) => {
    expect((await checkProduct('after', options)).operators).toEqual(['Gemm']);
  });

  test.each(products)('fuses one before %s', async (_, options) => {
    expect((await checkProduct('before', options)).operators).toEqual(['Gemm']);
  });

  test('fuses one after a Gemm that transposes its left side, not before it', async () => {
    const options: Product = {
      op: 'Gemm',
      weight: [3, 6],
      x: [3, 4],
      attributes: { transA: { int: 1 } },
    };
    expect((await checkProduct('after', options)).operators).toEqual(['Gemm']);
    const { rewrites, skipped } = await checkProduct('before', options);
    expect(rewrites).toBe(0);
    expect(skipped[0]?.reason).toContain('transposes');
  });

  test.each<[string, Product]>([
    ['whose C has rows', { op: 'Gemm', bias: [3, 1] }],
    ['MatMul of an unknown rank', { op: 'MatMul', declared: null }],
  ])('leaves one alone after a product %s', async (_, options) => {
    const { rewrites, skipped } = await checkProduct('after', options);
    expect(rewrites).toBe(0);
    expect(skipped).toHaveLength(1);
  });

  test('leaves one alone whose channels are the rows of the MatMul', async () => {
    const builder = started();
    builder.input('x', 'float32', [2, 4, 4]);
    const product = builder.node('MatMul', ['x', builder.initializer('w', weights([4, 4]))]);
    builder.node('BatchNormalization', [product, ...parameters(builder, 4)], { outputs: ['y'] });
    builder.output('y', 'float32', null);
    const { rewrites } = await checkPass(fuseBatchNorm, builder.build(), {
      x: normal([2, 4, 4]),
    });
    expect(rewrites).toBe(0);
  });
});

test('fuses inside a subgraph, weights of the graph around it too', async () => {
  const branch = (name: string): ReturnType<ModelBuilder['buildGraph']> => {
    const inner = started();
    const conv = inner.node('Conv', ['x', 'w'], { name: `${name}_conv` });
    const norm = inner.node('BatchNormalization', [conv, 'gamma', 'beta', 'mean', 'var'], {
      name: `${name}_norm`,
    });
    inner.output(norm, 'float32', null);
    return inner.buildGraph();
  };
  const builder = started();
  builder.input('x', 'float32', [2, 4, 5, 5]);
  builder.initializer('w', weights([6, 4, 3, 3]));
  parameters(builder, 6);
  const yes = builder.initializer('yes', { type: 'bool', dims: [], data: Uint8Array.of(1) });
  builder.node('If', [yes], {
    outputs: ['y'],
    attributes: { then_branch: { graph: branch('a') }, else_branch: { graph: branch('b') } },
  });
  builder.output('y', 'float32', null);
  const { operators } = await checkPass(fuseBatchNorm, builder.build(), {
    x: normal([2, 4, 5, 5]),
  });
  expect(operators).toEqual(['If', 'Conv', 'Conv']);
});

test('passes over a node that lacks its output, which a damaged file may have', async () => {
  const builder = started();
  builder.input('x', 'float32', [2, 4, 5, 5]);
  const conv = builder.node('Conv', ['x', builder.initializer('w', weights([6, 4, 3, 3]))]);
  builder.node('BatchNormalization', [conv, ...parameters(builder, 6)], { outputs: [] });
  builder.output(builder.node('Relu', ['x']), 'float32', null);
  const { rewrites } = await runPass(fuseBatchNorm, importModel(builder.build()), {
    provider: 'cpu',
    evaluate: null,
  });
  expect(rewrites).toBe(0);
});
