import { describe, expect, test } from 'vitest';
import { importModel } from '../../../../engine/graph/ir/import-model.ts';
import { toInt4Weights, type Int4Options } from '../../../../engine/graph/quantization/int4.ts';
import { weights } from '../passes/check-pass.ts';
import {
  checkQuantization,
  constantOf,
  floatsOf,
  productOf,
  relativeError,
  type CheckedQuantization,
  type Matrix,
} from './check-quantization.ts';
import { productModel, type ProductCase } from './products.ts';

const BLOCKS = 'com.microsoft.MatMulNBits';

async function check(
  change: ProductCase,
  options: Int4Options = {},
): Promise<CheckedQuantization & { readonly x: Float32Array }> {
  const { model, feeds } = productModel({ weight: [64, 80], ...change });
  const checked = await checkQuantization((ir) => toInt4Weights(ir, options), model, feeds);
  return { ...checked, x: floatsOf(feeds, 'x') };
}

describe('takes in', () => {
  test.each<[string, ProductCase]>([
    ['a MatMul', {}],
    ['batches of matrices', { x: [2, 3, 5, 64] }],
    ['a vector', { x: [64] }],
    ['a left side of unknown rank', { declared: null, x: [2, 5, 64] }],
    ['the Add of a bias', { add: [80] }],
    ['a Gemm', { op: 'Gemm', c: [80] }],
    ['a Gemm without C', { op: 'Gemm' }],
    ['alpha alone', { op: 'Gemm', attributes: { alpha: { float: 3 } } }],
    ['a C of one number', { op: 'Gemm', c: [1, 1] }],
    [
      'alpha, beta and transposed weights',
      {
        op: 'Gemm',
        weight: [80, 64],
        c: [80],
        attributes: { alpha: { float: -0.5 }, beta: { float: 3 }, transB: { int: 1 } },
      },
    ],
  ])('%s', async (_, options) => {
    const { operators, quantized, skipped, before, after } = await check(options);
    expect(operators).toEqual([BLOCKS, 'Identity']);
    expect([quantized, skipped]).toEqual([1, []]);
    expect(relativeError(floatsOf(after, 'y'), floatsOf(before, 'y'))).toBeLessThan(0.12);
  });
});

/**
 * What the constants of a MatMulNBits say, read as the operator's specification has it
 * (ONNX Runtime, docs/ContribOperators.md): `[N, blocks, blockSize / 2]` bytes, the first
 * weight of each in the low half, zero points packed alike by column, 8 without any.
 */
function weightsOf({ model }: CheckedQuantization, rows: number): Matrix {
  const { dims, bytes } = constantOf(model, 'w_int4');
  const [columns = 0, blocks = 0, half = 0] = dims;
  const scales = new Float32Array(constantOf(model, 'w_scale').bytes.slice().buffer);
  const hasZeros = [...model.graph.initializers].some(({ name }) => name === 'w_zero');
  const zeros = hasZeros ? constantOf(model, 'w_zero') : null;
  const data = new Float32Array(rows * columns);
  for (const index of data.keys()) {
    const [row, column] = [Math.floor(index / columns), index % columns];
    const [block, within] = [Math.floor(row / (2 * half)), row % (2 * half)];
    const q = nibble(bytes[(column * blocks + block) * half + Math.floor(within / 2)], within);
    const zeroByte = zeros?.bytes[column * (zeros.dims[1] ?? 0) + Math.floor(block / 2)];
    const zero = zeros === null ? 8 : nibble(zeroByte, block);
    data[index] = (scales[column * blocks + block] ?? 0) * (q - zero);
  }
  return { rows, columns, data };
}

function nibble(byte = NaN, index: number): number {
  return index % 2 === 0 ? byte % 16 : Math.floor(byte / 16);
}

/** Standard-normal weights, or such with a mean of 3, which zero points suit better. */
function shifted(rows: number, columns: number): Float32Array {
  return weights([rows, columns]).data.map((value) => value + 3);
}

describe.each([
  { blockSize: 16, rows: 64 },
  { blockSize: 32, rows: 96 },
  { blockSize: 32, rows: 100 },
  { blockSize: 64, rows: 65 },
  { blockSize: 128, rows: 128 },
  { blockSize: 128, rows: 200 },
  { blockSize: 256, rows: 300 },
])('$rows weights a column in blocks of $blockSize', ({ blockSize, rows }) => {
  const columns = 66;
  const dims = { weight: [rows, columns], x: [5, rows] };
  const cases = [
    { kind: 'normal', data: weights([rows, columns]).data },
    { kind: 'shifted', data: shifted(rows, columns) },
  ];

  test.each(cases)('$kind: the runtime reads what was written', async ({ data }) => {
    const checked = await check({ ...dims, data }, { blockSize, accuracyLevel: 1 });
    const x = { rows: 5, columns: rows, data: checked.x };
    const expected = productOf(x, weightsOf(checked, rows));
    const largest = Math.max(...expected.map(Math.abs));
    const actual = floatsOf(checked.after, 'y');
    for (const [index, value] of expected.entries()) {
      expect(Math.abs((actual[index] ?? NaN) - value)).toBeLessThan(1e-5 * largest);
    }
  });

  /**
   * A weight is off by a step at most: an eighth of its block's largest magnitude, or a
   * fifteenth of its range, which is 2 / 15 of that at most. Level 4 makes activations
   * int8 by block: off by a 127th of their largest.
   */
  test.each(cases)('$kind: is as close as 4 bits allow', async ({ data }) => {
    const checked = await check({ ...dims, data }, { blockSize });
    const x = { rows: 5, columns: rows, data: checked.x };
    const w = { rows, columns, data };
    const largest = largestOfBlocks(w, blockSize);
    const most = Math.max(...checked.x.map(Math.abs)) / 127;
    const bounds = productOf(x, w, (a, b, { k, column }) => {
      const off = (2 / 15) * (largest[Math.floor(k / blockSize) * columns + column] ?? 0);
      return Math.abs(a) * off + most * (Math.abs(b) + off);
    });
    const [exact, actual] = [floatsOf(checked.before, 'y'), floatsOf(checked.after, 'y')];
    for (const [index, bound] of bounds.entries()) {
      expect(Math.abs((actual[index] ?? NaN) - (exact[index] ?? NaN))).toBeLessThanOrEqual(bound);
    }
    expect(relativeError(actual, exact)).toBeLessThan(0.15);
  });
});

/** By block and column. */
function largestOfBlocks({ rows, columns, data }: Matrix, blockSize: number): Float64Array {
  const largest = new Float64Array(Math.ceil(rows / blockSize) * columns);
  for (const [index, value] of data.entries()) {
    const [row, column] = [Math.floor(index / columns), index % columns];
    const block = Math.floor(row / blockSize) * columns + column;
    largest[block] = Math.max(largest[block] ?? 0, Math.abs(value));
  }
  return largest;
}

test('has no zero points where 8 is as good', async () => {
  // Multiples of the step from -8 to 7: without any error.
  const data = Float32Array.from({ length: 64 * 64 }, (_, index) => {
    return (((index % 64) * 5 + Math.floor(index / 64)) % 16) - 8;
  });
  const checked = await check({ weight: [64, 64], data }, { accuracyLevel: 1 });
  expect(checked.initializers).toEqual(['w_int4', 'w_scale']);
  expect(weightsOf(checked, 64).data).toEqual(data);
});

test('has zero points where the weights lie to one side', async () => {
  const { initializers, model } = await check({ data: shifted(64, 80) });
  expect(initializers).toEqual(['w_int4', 'w_scale', 'w_zero']);
  // Two blocks, so a byte for each column.
  expect(constantOf(model, 'w_zero').dims).toEqual([80, 1]);
});

test('takes blocks of zeros', async () => {
  const { after } = await check({ data: new Float32Array(64 * 80) });
  expect(floatsOf(after, 'y').every((value) => value === 0)).toBe(true);
});

test('writes the options as attributes', async () => {
  const { model } = await check({}, { blockSize: 16, accuracyLevel: 0 });
  const node = [...model.graph.nodes].find(({ opType }) => opType === 'MatMulNBits');
  const attributes = [...(node?.attributes ?? [])].map(([name, { i }]) => [name, Number(i)]);
  expect(Object.fromEntries(attributes)).toEqual({
    K: 64,
    N: 80,
    bits: 4,
    block_size: 16,
    accuracy_level: 0,
  });
});

test.each([8, 24, 512, NaN])('refuses blocks of %d', (blockSize) => {
  const ir = importModel(productModel().model);
  expect(() => toInt4Weights(ir, { blockSize })).toThrow('16, 32, 64, 128 or 256 weights');
});

describe('leaves alone', () => {
  test.each<[string, ProductCase, string]>([
    ['few weights', { weight: [64, 48] }, 'it has 3072 weights; it pays from 4096 on'],
    [
      'columns much shorter than a block',
      { weight: [15, 300], x: [5, 15] },
      'its columns of 15 weights would leave most of a block of 32 empty',
    ],
    ['weights of three axes', { weight: [5, 64, 48], x: [5, 3, 64] }, 'its weights are no matrix'],
    ['weights that may be fed', { weightIs: 'default' }, 'its weights may be fed'],
    ['an output as weights', { weightIs: 'output' }, 'its weights are an output of the graph'],
    [
      'a transposed left side',
      { op: 'Gemm', x: [64, 5], attributes: { transA: { int: 1 } } },
      'its left side is transposed',
    ],
    ['a C that is fed', { op: 'Gemm', c: [80], biasIs: 'fed' }, 'its bias is not constant'],
    ['a C of each row', { op: 'Gemm', c: [5, 1] }, 'its bias is not one float32 for each column'],
  ])('%s', async (_, options, reason) => {
    const { quantized, skipped, before, after } = await check(options);
    expect(quantized).toBe(0);
    expect(skipped).toEqual([{ node: 'product', reason }]);
    expect(after).toEqual(before);
  });

  test('weights that are computed or fed, and says nothing', async () => {
    const { quantized, skipped } = await check({ weightIs: 'fed' });
    expect([quantized, skipped]).toEqual([0, []]);
  });
});

test('keeps weights that something else reads', async () => {
  const { initializers, before, after } = await check({ weightIs: 'used elsewhere' });
  expect(initializers[0]).toBe('w');
  expect(floatsOf(after, 'n')).toEqual(floatsOf(before, 'n'));
});
