import { describe, expect, test } from 'vitest';
import { ModelBuilder } from '../../../../engine/graph/builder.ts';
import { importModel } from '../../../../engine/graph/ir/import-model.ts';
import { exportModel } from '../../../../engine/graph/ir/export-model.ts';
import { toFp16 } from '../../../../engine/graph/quantization/fp16.ts';
import { writeModel } from '../../../../engine/graph/write.ts';
import { normal, weights } from '../passes/check-pass.ts';
import { checkQuantization, constantOf, floatsOf, productOf } from './check-quantization.ts';
import { productModel } from './products.ts';

const CAST = { weight: [64, 48] };

test('stores weights as float16 with a Cast', async () => {
  const { model, feeds } = productModel({ ...CAST, add: [48] });
  const {
    operators,
    quantized,
    skipped,
    initializers,
    model: after,
  } = await checkQuantization(toFp16, model, feeds);
  expect(operators).toEqual(['Cast', 'MatMul', 'Add', 'Identity']);
  expect([quantized, skipped]).toEqual([1, []]);
  expect(initializers).toEqual(['b', 'w_fp16']);
  const { dims, bytes } = constantOf(after, 'w_fp16');
  expect(dims).toEqual([64, 48]);
  expect(bytes).toHaveLength(2 * 64 * 48);
});

/** A normal float16 has 11 bits: each weight is within 2^-11 of its value. */
test('is as close as 11 bits allow', async () => {
  const { model, feeds } = productModel(CAST);
  const { before, after } = await checkQuantization(toFp16, model, feeds);
  const x = { rows: 5, columns: 64, data: floatsOf(feeds, 'x') };
  const w = { rows: 64, columns: 48, data: weights([64, 48]).data };
  const bounds = productOf(x, w, (a, b) => Math.abs(a * b) * (2 ** -11 + 1e-6));
  const [exact, actual] = [floatsOf(before, 'y'), floatsOf(after, 'y')];
  for (const [index, bound] of bounds.entries()) {
    expect(Math.abs((actual[index] ?? NaN) - (exact[index] ?? NaN))).toBeLessThanOrEqual(bound);
  }
});

test('changes nothing where float16 is exact, infinities among it', async () => {
  const data = Float32Array.from({ length: 64 * 48 }, (_, index) => (index % 2049) / 1024 - 1);
  data[5] = -Infinity;
  const { model, feeds } = productModel({ ...CAST, data });
  const { quantized, before, after } = await checkQuantization(toFp16, model, feeds);
  expect(quantized).toBe(1);
  expect(after).toEqual(before);
});

test('halves the file', () => {
  const { model } = productModel({ weight: [64, 1024] });
  const ir = importModel(model);
  toFp16(ir);
  const ratio = writeModel(exportModel(ir)).length / writeModel(model).length;
  expect(ratio).toBeGreaterThan(0.5);
  expect(ratio).toBeLessThan(0.51);
});

test('converts weights once that are used twice, also in inner graphs', async () => {
  const branch = (name: string, op: 'Neg' | 'Abs') => {
    const inner = new ModelBuilder({ name, opset: 17 });
    const product = inner.node('MatMul', ['x', 'w'], { outputs: [`${name}_p`] });
    inner.initializer(`${name}_w`, weights([48, 32], name.length));
    const second = inner.node('MatMul', [product, `${name}_w`], { outputs: [`${name}_q`] });
    inner.output(inner.node(op, [second], { outputs: [`${name}_y`] }), 'float32', null);
    return inner.buildGraph();
  };
  const builder = new ModelBuilder({ name: 'g', opset: 17 });
  builder.input('flag', 'bool', [1]);
  builder.input('x', 'float32', ['N', 64]);
  builder.initializer('w', weights([64, 48]));
  const then = { graph: branch('yes', 'Neg') };
  const attributes = { then_branch: then, else_branch: { graph: branch('no', 'Abs') } };
  builder.node('If', ['flag'], { attributes, outputs: ['y'] });
  builder.output('y', 'float32', null);
  const flag = { type: 'bool', dims: [1], data: Uint8Array.of(1) } as const;
  const { quantized, operators } = await checkQuantization(toFp16, builder.build(), {
    flag,
    x: normal([3, 64]),
  });
  // One of the outer graph, and one of each inner graph.
  expect(quantized).toBe(3);
  expect(operators.filter((op) => op === 'Cast')).toHaveLength(3);
});

describe('leaves alone', () => {
  const size = 64 * 48;
  const filled = (value: number) => new Float32Array(size).fill(value);
  const mask = weights([64, 48]).data;
  mask[7] = -3.4028234663852886e38;

  test.each([
    // 65519.99 rounds to 65504, the largest float16, 65520 beyond it.
    { what: 'what is beyond float16', data: filled(65520), reason: '65520 is beyond float16' },
    {
      what: 'a mask of the lowest float32',
      data: mask,
      reason: '-3.4028234663852886e+38 is beyond float16',
    },
    // Below 2^-25, half of the smallest float16, nothing is left.
    { what: 'tiny numbers', data: filled(2 ** -26), reason: 'float16 would change it by 100 %' },
    // 2^-20 x 1.03125 is 16.5 of the smallest steps of 2^-24: off by 0.5 / 16.5 = 3.03 %.
    {
      what: 'small numbers',
      data: filled(1.03125 * 2 ** -20),
      reason: 'float16 would change it by 3.03 %',
    },
  ])('$what', async ({ data, reason }) => {
    const { model, feeds } = productModel({ ...CAST, data });
    const { quantized, skipped, before, after } = await checkQuantization(toFp16, model, feeds);
    expect(quantized).toBe(0);
    expect(skipped).toEqual([{ node: 'w', reason }]);
    expect(after).toEqual(before);
  });

  test('what is just within float16', async () => {
    const { model, feeds } = productModel({ ...CAST, data: filled(65504) });
    expect((await checkQuantization(toFp16, model, feeds)).quantized).toBe(1);
  });

  test('an output', async () => {
    const { model, feeds } = productModel({ ...CAST, weightIs: 'output' });
    const { quantized, skipped } = await checkQuantization(toFp16, model, feeds);
    expect(quantized).toBe(0);
    expect(skipped).toEqual([{ node: 'w', reason: 'it is an output of the graph' }]);
  });

  test.each([
    ['what may be fed', { ...CAST, weightIs: 'default' as const }],
    ['small tensors', { weight: [64, 15] }],
  ])('%s, and says nothing', async (_, options) => {
    const { model, feeds } = productModel(options);
    const { quantized, skipped } = await checkQuantization(toFp16, model, feeds);
    expect([quantized, skipped]).toEqual([0, []]);
  });
});

test('starts at the size that is asked for', () => {
  const ir = importModel(productModel({ weight: [64, 15] }).model);
  expect(toFp16(ir, { leastElements: 960 }).quantized).toBe(1);
});
