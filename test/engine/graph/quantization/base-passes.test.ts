import { expect, test } from 'vitest';
import { runtimeEvaluator } from '../../../../engine/artifacts/evaluator.ts';
import { exportModel } from '../../../../engine/graph/ir/export-model.ts';
import { importModel } from '../../../../engine/graph/ir/import-model.ts';
import type { OnnxModel } from '../../../../engine/graph/model.ts';
import { optimizeModel } from '../../../../engine/graph/optimize.ts';
import { basePasses } from '../../../../engine/graph/quantization/base-passes.ts';
import { toInt8Dynamic } from '../../../../engine/graph/quantization/dynamic.ts';
import { writeModel } from '../../../../engine/graph/write.ts';
import type { Tensors } from '../../../../engine/runtime/tensor.ts';
import { exportedEncoder } from '../../../../suites/models/exported-encoder.ts';
import { runModel } from '../run-model.ts';
import { cosine, floatsOf } from './check-quantization.ts';

const SHAPE = { layers: 2, width: 64, heads: 4, length: null };

test.each(['fp16', 'int8-static', 'int4-weights'] as const)(
  'lets nothing hide from %s in an operator of the runtime',
  (precision) => {
    expect(basePasses(precision).map(({ pipeline }) => pipeline)).not.toContain('all');
  },
);

async function base(original: OnnxModel): Promise<OnnxModel> {
  const context = { provider: 'cpu', evaluate: runtimeEvaluator, source: 'the test' };
  return (await optimizeModel(original, basePasses('int8-dynamic'), context)).model;
}

/** The second sample ends after a third, the third after its second word. */
function wordsOf(batch: number, length: number): Tensors {
  const size = batch * length;
  const ids = BigInt64Array.from({ length: size }, (_, index) => BigInt((index * 7) % 50));
  const mask = BigInt64Array.from({ length: size }, (_, index) => {
    const tokens = [length, Math.ceil(length / 3), Math.min(2, length)][Math.floor(index / length)];
    return BigInt(index % length < (tokens ?? length));
  });
  const dims = [batch, length];
  return { ids: { type: 'int64', dims, data: ids }, mask: { type: 'int64', dims, data: mask } };
}

test('leaves integers of every product of a transformer', async () => {
  const original = exportedEncoder(SHAPE, { hasMask: true, vocabulary: 50 });
  const model = importModel(await base(original));
  const { quantized, skipped } = toInt8Dynamic(model);
  // Of each layer the attention, its output and the two products behind it.
  expect([quantized, skipped]).toEqual([8, []]);
  const operators = new Set([...model.graph.nodes].map(({ opType }) => opType));
  for (const name of ['MatMul', 'Attention', 'BiasGelu', 'SkipLayerNormalization', 'Softmax']) {
    expect(operators.has(name)).toBe(false);
  }
});

test.each([
  ['eager', 1, 1],
  ['eager', 3, 9],
  ['scaled-dot-product', 1, 6],
  ['scaled-dot-product', 3, 9],
] as const)('stays close with %s attention, %d samples of %d', async (attention, batch, length) => {
  const original = exportedEncoder(SHAPE, { attention, hasMask: true, vocabulary: 50 });
  const model = importModel(await base(original));
  toInt8Dynamic(model);
  const feeds = wordsOf(batch, length);
  const before = await runModel(writeModel(original), feeds);
  const after = await runModel(writeModel(exportModel(model)), feeds);
  const [name] = Object.keys(before);
  expect(cosine(floatsOf(after, name ?? ''), floatsOf(before, name ?? ''))).toBeGreaterThan(0.999);
});
