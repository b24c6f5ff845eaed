import { describe, expect, test } from 'vitest';
import { ModelBuilder } from '../../../../engine/graph/builder.ts';
import { importModel } from '../../../../engine/graph/ir/import-model.ts';
import { toInt8Dynamic } from '../../../../engine/graph/quantization/dynamic.ts';
import { normal, operatorsOf, weights } from '../passes/check-pass.ts';
import {
  checkQuantization,
  cosine,
  constantOf,
  floatsOf,
  productOf,
  relativeError,
  type CheckedQuantization,
} from './check-quantization.ts';
import { productModel, type ProductCase } from './products.ts';

const DYNAMIC = 'com.microsoft.DynamicQuantizeMatMul';

async function check(options: ProductCase): Promise<CheckedQuantization> {
  const { model, feeds } = productModel(options);
  return checkQuantization(toInt8Dynamic, model, feeds);
}

describe('takes in', () => {
  test.each<[string, ProductCase]>([
    ['a MatMul', {}],
    ['batches of matrices', { x: [2, 3, 5, 64] }],
    ['a left side of unknown rank', { declared: null, x: [2, 5, 64] }],
    ['a vector', { x: [64] }],
    ['a vector of unknown rank', { declared: null, x: [64] }],
    ['the Add of a bias', { add: [48] }],
    ['the Add of a bias with an axis of 1', { add: [1, 48] }],
    ['a bias of the only column', { weight: [1024, 1], x: [40, 1024], add: [1] }],
    ['a Gemm', { op: 'Gemm', c: [48] }],
    ['a Gemm without C', { op: 'Gemm' }],
    ['alpha alone', { op: 'Gemm', attributes: { alpha: { float: 3 } } }],
    ['a Gemm without C and an Add', { op: 'Gemm', add: [48] }],
    ['a C of one row', { op: 'Gemm', c: [1, 48] }],
    ['a C of one number', { op: 'Gemm', c: [] }],
    [
      'alpha, beta and transposed weights',
      {
        op: 'Gemm',
        weight: [48, 64],
        c: [48],
        attributes: { alpha: { float: 0.5 }, beta: { float: -3 }, transB: { int: 1 } },
      },
    ],
  ])('%s', async (_, options) => {
    const { operators, quantized, skipped, before, after, model } = await check(options);
    expect(operators).toEqual([DYNAMIC, 'Identity']);
    expect([quantized, skipped]).toEqual([1, []]);
    expect(model.opsets.get('com.microsoft')).toBe(1);
    expect(relativeError(floatsOf(after, 'y'), floatsOf(before, 'y'))).toBeLessThan(0.02);
  });
});

/**
 * Weights are off by half of their column's step at most, activations by one of theirs
 * (half a step of rounding, and another half at the ends where the zero point was
 * rounded): `|x| s_w / 2 + s_x (|w| + s_w / 2)` for each product, summed; and rounding
 * in float32.
 */
test.each([8, 7] as const)('is as close as %d bits of weights allow', async (weightBits) => {
  // Columns from 2^-12 to 2^11: one scale for all would lose most of them.
  const [rows, columns] = [64, 24];
  const data = weights([rows, columns]).data.map((value, i) => value * 2 ** ((i % columns) - 12));
  const { model, feeds } = productModel({ weight: [rows, columns], data });
  const { before, after } = await checkQuantization(
    (ir) => toInt8Dynamic(ir, { weightBits }),
    model,
    feeds,
  );
  const x = { rows: 5, columns: rows, data: floatsOf(feeds, 'x') };
  const stepX = (Math.max(0, ...x.data) - Math.min(0, ...x.data)) / 255;
  const stepW = Array.from({ length: columns }, (_, column) => {
    const all = data.filter((_value, index) => index % columns === column).map(Math.abs);
    return Math.max(...all) / (weightBits === 8 ? 127 : 63);
  });
  const bounds = productOf(x, { rows, columns, data }, (a, w, { column }) => {
    const off = (stepW[column] ?? 0) / 2;
    return Math.abs(a) * off + stepX * (Math.abs(w) + off) + 1e-6 * Math.abs(a * w);
  });
  const [exact, actual] = [floatsOf(before, 'y'), floatsOf(after, 'y')];
  for (const [index, bound] of bounds.entries()) {
    expect(Math.abs((actual[index] ?? NaN) - (exact[index] ?? NaN))).toBeLessThanOrEqual(bound);
  }
});

test('stores int8 weights and a scale for each column', async () => {
  const { model } = await check({});
  expect(constantOf(model, 'w_int8').dims).toEqual([64, 48]);
  expect(constantOf(model, 'w_int8').bytes).toHaveLength(64 * 48);
  expect(constantOf(model, 'w_scale').dims).toEqual([48]);
});

test('drops the weights that it replaced, and keeps a bias as it is', async () => {
  expect((await check({ add: [48] })).initializers).toEqual(['b', 'w_int8', 'w_scale']);
});

test('keeps weights that something else reads', async () => {
  const { initializers, operators, before, after } = await check({ weightIs: 'used elsewhere' });
  expect(initializers).toEqual(['w', 'w_int8', 'w_scale']);
  expect(operators).toContain(DYNAMIC);
  expect(floatsOf(after, 'n')).toEqual(floatsOf(before, 'n'));
});

test('quantizes weights once that two products share', async () => {
  const builder = new ModelBuilder({ name: 'g', opset: 17 });
  builder.input('x', 'float32', ['N', 40]);
  builder.initializer('w', weights([40, 40]));
  const first = builder.node('MatMul', ['x', 'w']);
  const second = builder.node('MatMul', [first, 'w']);
  // What they read otherwise are other weights.
  const third = builder.node('Gemm', [second, 'w'], { attributes: { transB: { int: 1 } } });
  const last = builder.node('Gemm', [third, 'w'], { attributes: { alpha: { float: 2 } } });
  builder.output(last, 'float32', null);
  const { initializers, quantized } = await checkQuantization(toInt8Dynamic, builder.build(), {
    x: normal([3, 40]),
  });
  expect(quantized).toBe(4);
  const names = ['w_int8', 'w_scale', 'w_int8_1', 'w_scale_1', 'w_int8_2', 'w_scale_2'];
  expect(initializers).toEqual(names);
});

test('quantizes once what several products take', async () => {
  const builder = new ModelBuilder({ name: 'g', opset: 17 });
  builder.input('x', 'float32', ['N', 40]);
  for (const name of ['query', 'key', 'value']) {
    builder.initializer(`${name}_w`, weights([40, 40], name.length));
    const bias = builder.initializer(`${name}_b`, weights([40], name.length));
    const product = builder.node('MatMul', ['x', `${name}_w`]);
    const sum = name === 'value' ? product : builder.node('Add', [product, bias]);
    builder.output(sum, 'float32', null);
  }
  const { operators, quantized, before, after } = await checkQuantization(
    toInt8Dynamic,
    builder.build(),
    { x: normal([3, 40]) },
  );
  expect(quantized).toBe(3);
  expect([...operators].sort()).toEqual([
    'DynamicQuantizeLinear',
    ...Array.from({ length: 3 }, () => 'com.microsoft.MatMulIntegerToFloat'),
  ]);
  for (const name of Object.keys(before)) {
    expect(cosine(floatsOf(after, name), floatsOf(before, name))).toBeGreaterThan(0.9998);
  }
});

describe('leaves alone', () => {
  test.each<[string, ProductCase, string]>([
    ['few weights', { weight: [64, 15] }, 'it has 960 weights; it pays from 1024 on'],
    ['weights of three axes', { weight: [5, 64, 48], x: [5, 3, 64] }, 'its weights are no matrix'],
    ['weights that may be fed', { weightIs: 'default' }, 'its weights may be fed'],
    ['an output as weights', { weightIs: 'output' }, 'its weights are an output of the graph'],
    ['a vector as weights', { weight: [1024], x: [3, 1024] }, 'its weights are no matrix'],
    [
      'a transposed left side',
      { op: 'Gemm', x: [64, 5], attributes: { transA: { int: 1 } } },
      'its left side is transposed',
    ],
    ['a C that is fed', { op: 'Gemm', c: [48], biasIs: 'fed' }, 'its bias is not constant'],
    ['a C that may be fed', { op: 'Gemm', c: [48], biasIs: 'default' }, 'its bias is not constant'],
    ['a C of each row', { op: 'Gemm', c: [5, 1] }, 'its bias is not one float32 for each column'],
    [
      'a C of each element',
      { op: 'Gemm', c: [5, 48] },
      'its bias is not one float32 for each column',
    ],
  ])('%s', async (_, options, reason) => {
    const { quantized, skipped, operators, before, after } = await check(options);
    expect(quantized).toBe(0);
    expect(skipped).toEqual([{ node: 'product', reason }]);
    expect(operators).toEqual([options.op ?? 'MatMul', 'Identity']);
    expect(after).toEqual(before);
  });

  test('weights that are computed or fed, and says nothing', async () => {
    const { quantized, skipped } = await check({ weightIs: 'fed' });
    expect([quantized, skipped]).toEqual([0, []]);
  });

  test.each<[string, ProductCase]>([
    ['of each row', { add: [5, 1] }],
    ['of each element', { add: [5, 48] }],
    ['that adds an axis', { add: [1, 1, 48] }],
    ['that adds columns', { weight: [1024, 1], x: [3, 1024], add: [4] }],
    ['of one number', { add: [] }],
    ['that is fed', { add: [48], biasIs: 'fed' }],
    ['that may be fed', { add: [48], biasIs: 'default' }],
    ['of a product that is an output', { add: [48], productIsOutput: true }],
    ['of an unknown rank, with an axis', { declared: null, add: [1, 48] }],
  ])('an Add %s, not the product before it', async (_, options) => {
    const { operators } = await check(options);
    expect(operators).toEqual([DYNAMIC, 'Add', 'Identity']);
  });

  test.each([NaN, Infinity])('weights with %d', (bad) => {
    const data = weights([64, 48]).data;
    data[9] = bad;
    const ir = importModel(productModel({ data }).model);
    const reason = 'its weights are not all finite';
    expect(toInt8Dynamic(ir)).toEqual({ quantized: 0, skipped: [{ node: 'product', reason }] });
  });

  test('a sum of more products than int32 holds', () => {
    // 66312 x 255 x 127 = 2 147 514 120, which is 2^31 + 30 472.
    const ir = importModel(productModel({ weight: [66312, 1], x: [1, 66312] }).model);
    const reason = 'sums of 66312 products may leave int32';
    expect(toInt8Dynamic(ir)).toEqual({ quantized: 0, skipped: [{ node: 'product', reason }] });
  });

  test('a convolution', () => {
    const builder = new ModelBuilder({ name: 'g', opset: 17 });
    builder.input('x', 'float32', [1, 4, 8, 8]);
    builder.initializer('w', weights([32, 4, 3, 3]));
    builder.output(builder.node('Conv', ['x', 'w']), 'float32', null);
    const ir = importModel(builder.build());
    expect(toInt8Dynamic(ir)).toEqual({ quantized: 0, skipped: [] });
    expect(operatorsOf(ir)).toEqual(['Conv']);
    expect(ir.opsets.has('com.microsoft')).toBe(false);
  });

  test('integer products', async () => {
    const int32 = (dims: readonly number[]) => {
      const length = dims.reduce((product, dim) => product * dim, 1);
      return { type: 'int32' as const, dims, data: Int32Array.from({ length }, (_, i) => i) };
    };
    const builder = new ModelBuilder({ name: 'g', opset: 17 });
    builder.input('x', 'int32', [2, 64]);
    const product = builder.node('MatMul', ['x', builder.initializer('w', int32([64, 48]))]);
    builder.output(product, 'int32', null);
    const { skipped } = await checkQuantization(toInt8Dynamic, builder.build(), {
      x: int32([2, 64]),
    });
    expect(skipped.map(({ reason }) => reason)).toEqual(['its weights are not float32']);
  });
});

test('takes in products of inner graphs, with weights of the outer one', async () => {
  const branch = (name: string, sign: 'Neg' | 'Abs') => {
    const inner = new ModelBuilder({ name, opset: 17 });
    const product = inner.node('MatMul', ['x', 'w'], { outputs: [`${name}_p`] });
    inner.output(inner.node(sign, [product], { outputs: [`${name}_y`] }), 'float32', null);
    return inner.buildGraph();
  };
  const builder = new ModelBuilder({ name: 'g', opset: 17 });
  builder.input('flag', 'bool', [1]);
  builder.input('x', 'float32', ['N', 64]);
  builder.initializer('w', weights([64, 48]));
  builder.node('If', ['flag'], {
    attributes: {
      then_branch: { graph: branch('yes', 'Neg') },
      else_branch: { graph: branch('no', 'Abs') },
    },
    outputs: ['y'],
  });
  builder.output('y', 'float32', null);
  const flag = { type: 'bool', dims: [1], data: Uint8Array.of(1) } as const;
  const feeds = { flag, x: normal([3, 64]) };
  const { quantized, initializers, before, after } = await checkQuantization(
    toInt8Dynamic,
    builder.build(),
    feeds,
  );
  expect(quantized).toBe(2);
  expect(initializers).toEqual(['w_int8', 'w_scale']);
  expect(relativeError(floatsOf(after, 'y'), floatsOf(before, 'y'))).toBeLessThan(0.02);
});
