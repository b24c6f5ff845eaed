import { describe, expect, test } from 'vitest';
import { ModelBuilder } from '../../../../engine/graph/builder.ts';
import type { AttributeValue } from '../../../../engine/graph/create-attribute.ts';
import type { OnnxModel } from '../../../../engine/graph/model.ts';
import { importModel } from '../../../../engine/graph/ir/import-model.ts';
import { toInt8Dynamic } from '../../../../engine/graph/quantization/dynamic.ts';
import type { Tensors } from '../../../../engine/runtime/tensor.ts';
import { normal, weights } from '../passes/check-pass.ts';
import {
  checkQuantization,
  constantOf,
  cosine,
  floatsOf,
  relativeError,
  type CheckedQuantization,
} from './check-quantization.ts';

const WIDTH = 32;
const QUANTIZED = ['DynamicQuantizeLinear', 'com.microsoft.QAttention'];

/** One Attention of 4 heads of 8. */
interface AttentionCase {
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  readonly hasMask?: boolean;
  readonly hasBias?: boolean;
  /** What is added to the scores. */
  readonly hasScoreBias?: boolean;
  readonly weightIs?: 'constant' | 'fed';
  readonly opset?: number;
}

function attentionModel(options: AttentionCase): OnnxModel {
  const { hasMask = false, hasBias = true, hasScoreBias = false, weightIs = 'constant' } = options;
  const { opset = 17 } = options;
  const builder = new ModelBuilder({ name: 'g', opset, domains: { 'com.microsoft': 1 } });
  builder.input('x', 'float32', ['N', 'S', WIDTH]);
  if (weightIs === 'fed') builder.input('w', 'float32', [WIDTH, 3 * WIDTH]);
  else builder.initializer('w', { ...weights([WIDTH, 3 * WIDTH]), data: scaled() });
  const bias = hasBias ? builder.initializer('b', weights([3 * WIDTH], 4)) : '';
  const mask = hasMask ? builder.input('mask', 'int32', ['N', 'S']) : '';
  const scoreBias = hasScoreBias ? builder.input('added', 'float32', [1, 1, 'S', 'S']) : '';
  const inputs = ['x', 'w', bias, mask, '', scoreBias];
  while (inputs.at(-1) === '') inputs.pop();
  builder.node('Attention', inputs, {
    name: 'attention',
    domain: 'com.microsoft',
    attributes: { num_heads: { int: 4 }, ...options.attributes },
    outputs: ['y'],
  });
  builder.output('y', 'float32', ['N', 'S', WIDTH]);
  return builder.build();
}

/** So that the scores are about one. */
function scaled(): Float32Array {
  return weights([WIDTH, 3 * WIDTH]).data.map((value) => value / Math.sqrt(WIDTH));
}

/** Full rows, and rows that are padded from the second token on. */
function attentionFeeds({ hasMask }: AttentionCase, [batch, length]: readonly number[]): Tensors {
  const dims = [batch ?? 1, length ?? 1];
  const size = (batch ?? 1) * (length ?? 1);
  const data = Int32Array.from({ length: size }, (_, index) => {
    const [row, token] = [Math.floor(index / (length ?? 1)), index % (length ?? 1)];
    return row % 2 === 0 || token < 2 ? 1 : 0;
  });
  const x = normal([...dims, WIDTH]);
  return hasMask === true ? { x, mask: { type: 'int32', dims, data } } : { x };
}

function check(
  options: AttentionCase,
  dims: readonly number[] = [2, 5],
): Promise<CheckedQuantization> {
  const model = attentionModel(options);
  return checkQuantization(toInt8Dynamic, model, attentionFeeds(options, dims));
}

test.each<[string, AttentionCase]>([
  ['an attention', {}],
  ['one with padded rows', { hasMask: true }],
  ['a causal one', { attributes: { unidirectional: { int: 1 } } }],
  ['one of another scale', { attributes: { scale: { float: 0.5 } } }],
  [
    'one that masks by another number',
    { hasMask: true, attributes: { mask_filter_value: { float: -1 } } },
  ],
])('takes in %s', async (_, options) => {
  const { operators, quantized, skipped, before, after } = await check(options);
  expect(operators).toEqual(QUANTIZED);
  expect([quantized, skipped]).toEqual([1, []]);
  // Of int8, and little beside what another mask, scale or order would give.
  expect(relativeError(floatsOf(after, 'y'), floatsOf(before, 'y'))).toBeLessThan(0.03);
});

test.each([[[1, 1]], [[1, 7]], [[4, 1]], [[4, 7]]])('stays close for %j', async (dims) => {
  const { before, after } = await check({ hasMask: true }, dims);
  expect(cosine(floatsOf(after, 'y'), floatsOf(before, 'y'))).toBeGreaterThan(0.9995);
});

test('stores int8 weights and a scale for each column', async () => {
  const { model, initializers } = await check({});
  expect(initializers).toEqual(['b', 'w_int8', 'w_scale']);
  expect(constantOf(model, 'w_int8').dims).toEqual([WIDTH, 3 * WIDTH]);
  expect(constantOf(model, 'w_scale').dims).toEqual([3 * WIDTH]);
});

describe('leaves alone', () => {
  const none = 'QAttention has no form for its attributes or outputs';
  test.each<[string, AttentionCase, string]>([
    [
      'one with a bias of the scores',
      { hasScoreBias: true },
      'its scores are masked by more than keys',
    ],
    ['one without a bias', { hasBias: false }, 'it has no bias'],
    [
      'values of another size',
      { attributes: { qkv_hidden_sizes: { ints: [WIDTH, WIDTH, WIDTH] } } },
      none,
    ],
    ['one below opset 11', { opset: 10 }, 'DynamicQuantizeLinear is an operator since opset 11'],
    ['weights that are fed', { weightIs: 'fed' }, 'its weights may be fed'],
  ])('%s', (_, options, reason) => {
    const model = importModel(attentionModel(options));
    expect(toInt8Dynamic(model)).toEqual({
      quantized: 0,
      skipped: [{ node: 'attention', reason }],
    });
  });
});
