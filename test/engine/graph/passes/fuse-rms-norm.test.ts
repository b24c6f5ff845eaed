import { expect, test } from 'vitest';
import { fuseRmsNorm } from '../../../../engine/graph/passes/fuse-rms-norm.ts';
import { checkPass, normal, type CheckedPass } from './check-pass.ts';
import { layerNormModel, rmsNormModel, type NormForm } from './norm-forms.ts';

async function check(form: NormForm): Promise<CheckedPass> {
  return checkPass(fuseRmsNorm, rmsNormModel(form), { x: normal([2, 3, 8]) });
}

test.each<[string, NormForm]>([
  ['with Sqrt and Div', {}],
  ['with the reciprocal', { root: 'Reciprocal' }],
  ['with one over the root', { root: 'one over', square: 'Mul' }],
  ['with axes as an input', { opset: 18, root: 'Reciprocal' }],
  ['with casts of float32 to float32', { hasCasts: true }],
  ['without a factor', { scale: null }],
  ['of opset 7', { opset: 7, square: 'Mul' }],
])('joins one %s', async (_, form) => {
  const { operators } = await check(form);
  expect(operators).toEqual(['SimplifiedLayerNormalization']);
});

test.each([23, 26])('uses the operator of ai.onnx in opset %i', async (opset) => {
  const { operators } = await check({ opset, root: 'Reciprocal' });
  expect(operators).toEqual(['RMSNormalization']);
});

test.each<[string, NormForm]>([
  ['along another axis', { axis: 1 }],
  ['of another value than it divides', { isRepeated: true }],
  ['whose epsilon may be fed', { epsilon: 'fed' }],
  ['of an unknown shape', { declared: null }],
  ['of which the root is a graph output', { exposed: 'Sqrt' }],
])('leaves one alone %s', async (_, form) => {
  const { rewrites } = await check(form);
  expect(rewrites).toBe(0);
});

test('leaves a layer normalization to its own pass', async () => {
  const { rewrites, skipped } = await checkPass(fuseRmsNorm, layerNormModel({ opset: 13 }), {
    x: normal([2, 3, 8]),
  });
  expect(rewrites).toBe(0);
  expect(skipped[0]?.reason).toBe('it is the end of a layer normalization');
});
