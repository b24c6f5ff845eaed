import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { profileOperators } from '../../../../engine/artifacts/quantization/profile-operators.ts';
import { exportModel } from '../../../../engine/graph/ir/export-model.ts';
import { importModel } from '../../../../engine/graph/ir/import-model.ts';
import { saveModel } from '../../../../engine/graph/model-file.ts';
import type { OnnxModel } from '../../../../engine/graph/model.ts';
import { runPass } from '../../../../engine/graph/passes/pass.ts';
import { residualSum } from '../../../../engine/graph/passes/residual-sum.ts';
import { defaultEngineConfig } from '../../../../engine/runtime/engine-config.ts';
import { checkPass, normal, type CheckedPass } from './check-pass.ts';
import { SIZES, skipFeeds, skipModel, type SkipForm } from './skip-forms.ts';

function check(form: SkipForm, dims: readonly number[] = [4, 5, 8]): Promise<CheckedPass> {
  return checkPass(residualSum, skipModel(form), skipFeeds(form, dims));
}

test.each<[string, SkipForm]>([
  ['of x itself', {}],
  ['of another input', { skip: { dims: ['N', 'S', 8] } }],
  ['without a batch', { skip: { dims: ['S', 8] } }],
  ['that is constant', { skip: { dims: [1, 5, 8], isConstant: true }, declared: ['N', 5, 8] }],
  ['that goes on', { exposed: 'sum' }],
])('writes a skip %s as a Sum', async (_, form) => {
  const { operators } = await check(form);
  expect(operators).toEqual(['MatMul', 'Sum', 'LayerNormalization']);
});

test.each([...SIZES])('computes the same for %d x %d x %d', async (...dims) => {
  expect((await check({ bias: [8], exposed: 'sum' }, dims)).rewrites).toBe(1);
});

describe('leaves alone', () => {
  test.each<[string, SkipForm, readonly number[]]>([
    ['the Add of a bias', { skip: { dims: [8], isConstant: true } }, [4, 5, 8]],
    ['matrices', { declared: ['N', 8], axis: 1 }, [5, 8]],
    ['a factor that is fed', { scaleIs: 'fed' }, [4, 5, 8]],
    ['another normalization', { norm: 'SimplifiedLayerNormalization' }, [4, 5, 8]],
    ['a normalization whose mean is used', { exposed: 'mean' }, [4, 5, 8]],
  ])('%s', async (_, form, dims) => {
    const { rewrites, skipped } = await check(form, dims);
    expect([rewrites, skipped]).toEqual([0, []]);
  });
});

/** Operators of a model as the runtime's level `all` runs it. */
async function operatorsAtRun(model: OnnxModel): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'claw-sum-'));
  try {
    const path = join(folder, 'model.onnx');
    await saveModel(path, model);
    const config = defaultEngineConfig(1);
    const feeds = { x: normal([4, 5, 8]) };
    return Object.keys(await profileOperators(path, feeds, { config, runs: 1 })).sort();
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('keeps the runtime from what it would do', async () => {
  const original = skipModel({});
  expect(await operatorsAtRun(original)).toEqual(['MatMul', 'SkipLayerNormalization']);
  const { model } = await runPass(residualSum, importModel(original), {
    provider: 'cpu',
    evaluate: null,
  });
  const kept = ['LayerNormalization', 'MatMul', 'Sum'];
  expect(await operatorsAtRun(exportModel(model))).toEqual(kept);
});
