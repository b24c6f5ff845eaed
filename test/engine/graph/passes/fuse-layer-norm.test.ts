import { expect, test } from 'vitest';
import { fuseLayerNorm } from '../../../../engine/graph/passes/fuse-layer-norm.ts';
import { checkPass, normal, type CheckedPass } from './check-pass.ts';
import { layerNormModel, type NormForm } from './norm-forms.ts';

async function check(form: NormForm): Promise<CheckedPass> {
  const feeds = { x: normal([2, 3, 8]) };
  return checkPass(fuseLayerNorm, layerNormModel(form), feeds);
}

test.each<[string, NormForm]>([
  ['with axes as an attribute', { opset: 17 }],
  ['with axes as an input', { opset: 18 }],
  ['of opset 26', { opset: 26 }],
  ['along the last axis by its number', { axis: 2 }],
  ['that squares by Mul', { square: 'Mul' }],
  ['that squares by an integer exponent', { square: 'Pow by an integer' }],
  ['that multiplies by the reciprocal', { root: 'Reciprocal' }],
  ['that multiplies by one over the root', { root: 'one over' }],
  ['that takes the root by Pow', { root: 'Pow' }],
  ['with casts of float32 to float32', { hasCasts: true }],
  ['that subtracts the mean twice', { isRepeated: true }],
  ['without a summand', { shift: null }],
  ['without factor and summand', { scale: null, shift: null }],
  ['without a factor', { scale: null }],
])('joins one %s', async (_, form) => {
  const { operators } = await check(form);
  const cast = form.hasCasts === true && form.scale === null ? ['Cast'] : [];
  expect(operators).toEqual(['LayerNormalization', ...cast]);
});

test('keeps a factor of another shape apart', async () => {
  const { operators } = await check({ scale: [3, 8], shift: null });
  expect(operators.toSorted()).toEqual(['LayerNormalization', 'Mul']);
});

test.each<[string, NormForm]>([
  ['along another axis', { axis: 1 }],
  ['without the axis kept', { keepdims: 0, declared: [8, 8, 8] }],
  ['whose epsilon may be fed', { epsilon: 'fed' }],
  ['whose epsilon is a vector', { epsilon: 'vector' }],
  ['of an unknown shape', { declared: null }],
  ['whose last axis is of unknown size', { declared: ['N', 3, 'C'] }],
  ['below opset 17', { opset: 16 }],
  ['of which the deviation is a graph output', { exposed: 'Sub' }],
  ['of which the variance is a graph output', { exposed: 'Sqrt' }],
])('leaves one alone %s', async (_, form) => {
  const dims = form.keepdims === 0 ? [8, 8, 8] : [2, 3, 8];
  const { rewrites } = await checkPass(fuseLayerNorm, layerNormModel(form), { x: normal(dims) });
  expect(rewrites).toBe(0);
});

test.each<[string, NormForm]>([
  ['it is not known to average along the last axis, which it keeps', { axis: 1 }],
  ['the size of the last axis is not known', { declared: ['N', 3, 'C'] }],
  ['LayerNormalization is an operator since opset 17, the model has 16', { opset: 16 }],
  ['a part of it is used elsewhere too', { exposed: 'Sub' }],
])('says why: %s', async (reason, form) => {
  const { skipped } = await check(form);
  expect(skipped.map((skip) => skip.reason)).toContain(reason);
});
