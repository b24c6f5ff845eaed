import { describe, expect, test } from 'vitest';
import { runtimeEvaluator } from '../../engine/artifacts/evaluator.ts';
import type { OnnxModel } from '../../engine/graph/model.ts';
import { optimizeModel } from '../../engine/graph/optimize.ts';
import { selectPasses } from '../../engine/graph/passes/registry.ts';
import { writeModel } from '../../engine/graph/write.ts';
import type { Tensors } from '../../engine/runtime/tensor.ts';
import { exportedEncoder, type EncoderForm } from '../../suites/models/exported-encoder.ts';
import {
  cosine,
  floatsOf,
  relativeError,
} from '../engine/graph/quantization/check-quantization.ts';
import { runModel } from '../engine/graph/run-model.ts';

const SHAPE = { layers: 2, width: 32, heads: 4, length: null };
const WORDS = 50;
const FORMS = ['eager', 'scaled-dot-product'] as const;
const SIZES = [
  [1, 1],
  [1, 7],
  [3, 1],
  [3, 9],
] as const;

/** One sample is full, one padded after a third, one after its second word, and so on. */
function wordsOf(batch: number, length: number, mask = maskOf(batch, length)): Tensors {
  const data = BigInt64Array.from({ length: batch * length }, (_, index) => {
    return BigInt((index * 13) % WORDS);
  });
  const dims = [batch, length];
  return { ids: { type: 'int64', dims, data }, mask: { type: 'int64', dims, data: mask } };
}

function maskOf(batch: number, length: number): BigInt64Array {
  return BigInt64Array.from({ length: batch * length }, (_, index) => {
    const tokens = [length, Math.ceil(length / 3), Math.min(2, length)];
    return BigInt(index % length < (tokens[Math.floor(index / length) % 3] ?? length));
  });
}

function encoder(form: Partial<EncoderForm>): OnnxModel {
  return exportedEncoder(SHAPE, { hasMask: true, vocabulary: WORDS, ...form });
}

async function hiddenOf(model: OnnxModel, feeds: Tensors): Promise<Float32Array> {
  const outputs = await runModel(writeModel(model), feeds);
  return floatsOf(outputs, 'last_hidden_state');
}

describe.each(FORMS)('%s attention', (attention) => {
  test('gives each word hidden states of about one', async () => {
    const hidden = await hiddenOf(encoder({ attention }), wordsOf(3, 9));
    expect(hidden).toHaveLength(3 * 9 * SHAPE.width);
    const norm = Math.hypot(...hidden) / Math.sqrt(hidden.length);
    expect(norm).toBeGreaterThan(0.9);
    expect(norm).toBeLessThan(1.1);
  });

  test('looks at no padding, and at every word', async () => {
    const model = encoder({ attention });
    const [batch, length] = [1, 6];
    const full = BigInt64Array.from({ length }, () => 1n);
    const padded = BigInt64Array.from({ length }, (_, index) => BigInt(index < 4));
    const before = await hiddenOf(model, wordsOf(batch, length, padded));
    const feeds = wordsOf(batch, length, padded);
    const ids = feeds['ids']?.data as BigInt64Array;
    ids[5] = 42n;
    const seen = 4 * SHAPE.width;
    const after = await hiddenOf(model, feeds);
    expect(relativeError(after.subarray(0, seen), before.subarray(0, seen))).toBeLessThan(1e-6);
    const whole = await hiddenOf(model, wordsOf(batch, length, full));
    expect(cosine(whole.subarray(0, seen), before.subarray(0, seen))).toBeLessThan(0.999);
  });

  test.each(SIZES)('is the same after all passes, %d samples of %d', async (batch, length) => {
    const original = encoder({ attention });
    const { model, passes } = await optimizeModel(original, selectPasses('all', 'cpu'), {
      provider: 'cpu',
      evaluate: runtimeEvaluator,
      source: 'the test',
    });
    const rewrites = new Map(passes.map((pass) => [pass.pass, pass.rewrites]));
    expect(rewrites.get('fuse-attention')).toBe(SHAPE.layers);
    expect(rewrites.get('fuse-bias-gelu')).toBe(SHAPE.layers);
    expect(rewrites.get('fuse-embed-layer-norm')).toBe(1);
    expect(rewrites.get('residual-sum')).toBe(2 * SHAPE.layers);
    const feeds = wordsOf(batch, length);
    const [before, after] = [await hiddenOf(original, feeds), await hiddenOf(model, feeds)];
    expect(relativeError(after, before)).toBeLessThan(1e-5);
  });
});

test('computes the same in both forms', async () => {
  const feeds = wordsOf(2, 6);
  const [eager, product] = await Promise.all(
    FORMS.map((attention) => hiddenOf(encoder({ attention }), feeds)),
  );
  expect(relativeError(eager ?? new Float32Array(), product ?? new Float32Array())).toBeLessThan(
    1e-5,
  );
});

test('takes a fixed length of hidden states', async () => {
  const model = exportedEncoder({ ...SHAPE, length: 4 });
  const data = Float32Array.from({ length: 2 * 4 * 32 }, (_, index) => Math.sin(index));
  const hidden = await hiddenOf(model, { hidden: { type: 'float32', dims: [2, 4, 32], data } });
  expect(hidden).toHaveLength(2 * 4 * 32);
});

test('joins residuals to their normalizations on request', async () => {
  const original = encoder({});
  const on = ['fuse-skip-layer-norm'];
  const { model, nodesAfter, passes } = await optimizeModel(
    original,
    selectPasses('all', 'cpu', { on, off: [] }),
    { provider: 'cpu', evaluate: runtimeEvaluator, source: 'the test' },
  );
  const rewrites = new Map(passes.map((pass) => [pass.pass, pass.rewrites]));
  expect(rewrites.get('fuse-skip-layer-norm')).toBe(2 * SHAPE.layers);
  expect(rewrites.get('residual-sum')).toBe(0);
  // Seven of each layer, and embeddings and mask.
  expect(nodesAfter - 7 * SHAPE.layers).toBeLessThan(8);
  const feeds = wordsOf(3, 9);
  const [before, after] = [await hiddenOf(original, feeds), await hiddenOf(model, feeds)];
  expect(relativeError(after, before)).toBeLessThan(1e-5);
});
