import { describe, expect, test } from 'vitest';
import { fuseFastGelu } from '../../../../engine/graph/passes/fuse-fast-gelu.ts';
import { biasedGeluModel, LEFT_ALONE, TAKEN_IN, type BiasedGelu } from './biased-gelu.ts';
import { checkPass, normal, type CheckedPass } from './check-pass.ts';

function check(form: BiasedGelu): Promise<CheckedPass> {
  const model = biasedGeluModel({ opType: 'com.microsoft.FastGelu', ...form });
  const b = form.biasIs === 'fed' ? { b: normal([16], 5) } : {};
  return checkPass(fuseFastGelu, model, { x: normal([2, 3, 8]), ...b });
}

test.each(TAKEN_IN)('takes in %s', async (_, form) => {
  expect((await check(form)).operators).toEqual(['MatMul', 'com.microsoft.FastGelu']);
});

test('takes in a bias before the Gelu of ai.onnx', async () => {
  const { operators } = await check({ opType: 'Gelu', approximate: 'tanh' });
  expect(operators).toEqual(['MatMul', 'com.microsoft.FastGelu']);
});

test.each([[[1, 1, 8]], [[1, 5, 8]], [[4, 1, 8]], [[4, 5, 8]]])(
  'computes the same for %j',
  async (dims) => {
    const model = biasedGeluModel({ opType: 'com.microsoft.FastGelu' });
    const { rewrites } = await checkPass(fuseFastGelu, model, { x: normal(dims) });
    expect(rewrites).toBe(1);
  },
);

describe('leaves alone', () => {
  test.each(LEFT_ALONE)('%s', async (_, form, reason) => {
    const { rewrites, skipped } = await check(form);
    expect(rewrites).toBe(0);
    expect(skipped.map((skip) => skip.reason)).toEqual(reason === null ? [] : [reason]);
  });

  test.each<[string, BiasedGelu]>([
    ['the erf form of ai.onnx', { opType: 'Gelu' }],
    ['the erf form of the runtime', { opType: 'com.microsoft.Gelu' }],
  ])('%s', async (_, form) => {
    const { rewrites, skipped } = await check(form);
    expect([rewrites, skipped]).toEqual([0, []]);
  });
});
