import { describe, expect, test } from 'vitest';
import { ModelBuilder } from '../../../../engine/graph/builder.ts';
import type { OnnxModel } from '../../../../engine/graph/model.ts';
import { optimizeModel } from '../../../../engine/graph/optimize.ts';
import { fuseRmsNorm } from '../../../../engine/graph/passes/fuse-rms-norm.ts';
import { fuseSkipRmsNorm } from '../../../../engine/graph/passes/fuse-skip-rms-norm.ts';
import { removeNoOps } from '../../../../engine/graph/passes/remove-no-ops.ts';
import { writeModel } from '../../../../engine/graph/write.ts';
import { relativeError } from '../quantization/check-quantization.ts';
import { runModel } from '../run-model.ts';
import { checkPass, normal, weights, type CheckedPass } from './check-pass.ts';
import { LEFT_ALONE, SIZES, skipFeeds, skipModel, type SkipForm } from './skip-forms.ts';

const SKIP = 'com.microsoft.SkipSimplifiedLayerNormalization';
const RUNTIME: SkipForm = { norm: 'SimplifiedLayerNormalization' };

function check(change: SkipForm, dims: readonly number[] = [4, 5, 8]): Promise<CheckedPass> {
  const form = { ...RUNTIME, ...change };
  return checkPass(fuseSkipRmsNorm, skipModel(form), skipFeeds(form, dims));
}

test.each<[string, SkipForm]>([
  ['of x itself', {}],
  ['that comes first', { isSkipFirst: true }],
  ['of another input', { skip: { dims: ['N', 'S', 8] } }],
  ['without a batch', { skip: { dims: ['S', 8] } }],
  ['of a batch of one', { skip: { dims: [1, 'S', 8] } }],
  ['before the operator of ai.onnx', { norm: 'RMSNormalization', opset: 23 }],
])('joins a skip %s', async (_, form) => {
  const { operators, skipped } = await check(form);
  expect(operators).toEqual(['MatMul', SKIP]);
  expect(skipped).toEqual([]);
});

test('leaves a bias apart, which the kernel would not add', async () => {
  const { operators } = await check({ bias: [8] });
  expect(operators).toEqual(['MatMul', 'Add', SKIP]);
});

test.each<[string, SkipForm]>([
  ['an output', { exposed: 'sum' }],
  ['used elsewhere', { exposed: 'sum by Neg' }],
])('gives the sum too where it is %s', async (_, form) => {
  const { operators, model } = await check(form);
  expect(operators.filter((name) => name !== 'Neg')).toEqual(['MatMul', SKIP]);
  const node = [...model.graph.nodes].find(({ domain }) => domain === 'com.microsoft');
  expect(node?.outputs.map((value) => value?.name ?? null)).toEqual(['y', null, null, 'sum']);
});

test.each([...SIZES])('computes the same for %d x %d x %d', async (...dims) => {
  const { rewrites } = await check({ exposed: 'sum' }, dims);
  expect(rewrites).toBe(1);
});

describe('leaves alone', () => {
  // The operator of one axis has no form for two, nor a summand.
  const cases = LEFT_ALONE.filter(([, { axis }]) => axis === undefined);
  test.each(cases)('%s', async (_, form, dims, reason) => {
    const { rewrites, skipped } = await check(form, dims);
    expect(rewrites).toBe(0);
    expect(skipped.map((skip) => skip.reason)).toEqual(reason === null ? [] : [reason]);
  });

  test('a layer normalization', async () => {
    const { rewrites, skipped } = await check({ norm: 'LayerNormalization' });
    expect([rewrites, skipped]).toEqual([0, []]);
  });
});

/**
 * Residuals as exporters of LLaMA write them (Touvron et al. 2023; Zhang and Sennrich
 * 2019): `hidden = residual + f(norm(hidden))`, the norm by Pow, ReduceMean, Sqrt and Div
 * between Casts to float32, its weight multiplied at the end.
 */
function llamaResiduals(layers: number): OnnxModel {
  const builder = new ModelBuilder({ name: 'g', opset: 17 });
  const scalar = (name: string, value: number): string =>
    builder.initializer(name, { type: 'float32', dims: [], data: Float32Array.of(value) });
  const [two, epsilon, one] = [scalar('two', 2), scalar('epsilon', 1e-6), scalar('one', 1)];
  const norm = (hidden: string, name: string): string => {
    const float = builder.node('Cast', [hidden], { attributes: { to: { int: 1 } } });
    const square = builder.node('Pow', [float, two]);
    const axes = { axes: { ints: [-1] }, keepdims: { int: 1 } };
    const mean = builder.node('ReduceMean', [square], { attributes: axes });
    const root = builder.node('Sqrt', [builder.node('Add', [mean, epsilon])]);
    const scaled = builder.node('Mul', [float, builder.node('Div', [one, root])]);
    const back = builder.node('Cast', [scaled], { attributes: { to: { int: 1 } } });
    return builder.node('Mul', [builder.initializer(name, weights([8], name.length)), back]);
  };
  let hidden = builder.input('x', 'float32', ['N', 'S', 8]);
  for (let layer = 0; layer < layers; layer += 1) {
    const weight = builder.initializer(`w${layer}`, weights([8, 8], layer + 3));
    const product = builder.node('MatMul', [norm(hidden, `norm${layer}`), weight]);
    hidden = builder.node('Add', [hidden, product]);
  }
  builder.output(norm(hidden, 'last'), 'float32', null);
  return builder.build();
}

test.each([[[1, 1, 8]], [[3, 4, 8]]])('joins the residuals of LLaMA for %j', async (dims) => {
  const original = llamaResiduals(3);
  const pipeline = [removeNoOps, fuseRmsNorm, fuseSkipRmsNorm];
  const { model, passes } = await optimizeModel(original, pipeline, {
    provider: 'cpu',
    evaluate: null,
    source: 'the test',
  });
  // Four norms, of which the first follows no sum.
  expect(passes.slice(1).map(({ rewrites }) => rewrites)).toEqual([4, 3]);
  const feeds = { x: normal(dims) };
  const [before, after] = await Promise.all(
    [original, model].map((one) => runModel(writeModel(one), feeds)),
  );
  const [expected] = Object.values(before ?? {});
  const [actual] = Object.values(after ?? {});
  expect(actual?.dims).toEqual(dims);
  const floats = [actual?.data, expected?.data].map((data) => data as Float32Array);
  expect(
    relativeError(floats[0] ?? new Float32Array(), floats[1] ?? new Float32Array()),
  ).toBeLessThan(1e-5);
});
