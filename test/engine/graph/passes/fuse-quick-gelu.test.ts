import { describe, expect, test } from 'vitest';
import { floatAttribute } from '../../../../engine/graph/attributes.ts';
import { ModelBuilder } from '../../../../engine/graph/builder.ts';
import type { Dim } from '../../../../engine/graph/describe.ts';
import type { OnnxModel } from '../../../../engine/graph/model.ts';
import { fuseQuickGelu } from '../../../../engine/graph/passes/fuse-quick-gelu.ts';
import { checkPass, normal, weights, type CheckedPass } from './check-pass.ts';

interface QuickForm {
  readonly alpha?: number;
  /** Axes of alpha; with a size it is no scalar. */
  readonly alphaDims?: readonly number[];
  readonly isAlphaFirst?: boolean;
  readonly isGateFirst?: boolean;
  readonly declared?: readonly Dim[] | null;
  /** What the last Mul multiplies the gate by. */
  readonly multiplied?: 'x' | 'the scaled x' | 'another input';
  readonly exposed?: 'scaled' | 'gate';
}

function quickModel(form: QuickForm): OnnxModel {
  const { alpha = 1.702, alphaDims = [], multiplied = 'x', declared = ['N', 'S', 8] } = form;
  const builder = new ModelBuilder({ name: 'g', opset: 17 });
  builder.input('x', 'float32', declared);
  builder.input('z', 'float32', ['N', 'S', 8]);
  const content = alphaDims.includes(8)
    ? weights(alphaDims)
    : { type: 'float32', dims: alphaDims, data: Float32Array.of(alpha) };
  const factor = builder.initializer('alpha', content);
  const operands = form.isAlphaFirst === true ? [factor, 'x'] : ['x', factor];
  const scaled = builder.node('Mul', operands, { outputs: ['scaled'] });
  const gate = builder.node('Sigmoid', [scaled], { outputs: ['gate'] });
  const other = { x: 'x', 'the scaled x': scaled, 'another input': 'z' }[multiplied];
  builder.node('Mul', form.isGateFirst === true ? [gate, other] : [other, gate], {
    outputs: ['y'],
  });
  builder.output('y', 'float32', null);
  if (form.exposed !== undefined) builder.output(form.exposed, 'float32', null);
  return builder.build();
}

function check(form: QuickForm, dims: readonly number[] = [2, 3, 8]): Promise<CheckedPass> {
  return checkPass(fuseQuickGelu, quickModel(form), { x: normal(dims), z: normal(dims, 7) });
}

test.each<[string, QuickForm]>([
  ['x sigmoid(1.702 x)', {}],
  ['with the factor first', { isAlphaFirst: true }],
  ['with the gate first', { isGateFirst: true }],
  ['with a factor of one axis', { alphaDims: [1] }],
  ['of unknown shape, with a scalar', { declared: null }],
])('joins one %s', async (_, form) => {
  const { operators, model } = await check(form);
  expect(operators).toEqual(['com.microsoft.QuickGelu']);
  expect(model.opsets.get('com.microsoft')).toBe(1);
});

test.each([1.702, 1, -0.5])('keeps its factor, %d', async (alpha) => {
  const { model } = await check({ alpha });
  const [node] = [...model.graph.nodes];
  expect(node === undefined ? NaN : floatAttribute(node, 'alpha', 0)).toBeCloseTo(alpha, 6);
});

test.each([[[1, 1, 8]], [[4, 1, 8]], [[1, 5, 8]]])('computes the same for %j', async (dims) => {
  expect((await check({}, dims)).rewrites).toBe(1);
});

describe('leaves alone', () => {
  test.each<[string, QuickForm, string]>([
    [
      'another value outside',
      { multiplied: 'another input' },
      'it multiplies another value than the Sigmoid takes',
    ],
    [
      'the scaled value outside',
      { multiplied: 'the scaled x' },
      'it multiplies another value than the Sigmoid takes',
    ],
    [
      'a factor for each entry',
      { alphaDims: [8] },
      'the Sigmoid does not take x times one float32',
    ],
    ['a scaled x that is an output', { exposed: 'scaled' }, 'a part of it is used elsewhere too'],
    ['a gate that is an output', { exposed: 'gate' }, 'a part of it is used elsewhere too'],
    [
      'a factor with more axes',
      { alphaDims: [1, 1, 1, 1] },
      'a constant may add an axis to the result',
    ],
    [
      'a factor with an axis, for an unknown rank',
      { alphaDims: [1], declared: null },
      'a constant may add an axis to the result',
    ],
  ])('%s', async (_, form, reason) => {
    const { rewrites, skipped } = await check(form);
    expect(rewrites).toBe(0);
    expect(skipped.map((skip) => skip.reason)).toEqual([reason]);
  });

  test('SiLU, which has no factor', async () => {
    const builder = new ModelBuilder({ name: 'g', opset: 17 });
    builder.input('x', 'float32', ['N', 8]);
    builder.output(builder.node('Mul', ['x', builder.node('Sigmoid', ['x'])]), 'float32', null);
    const { rewrites, skipped } = await checkPass(fuseQuickGelu, builder.build(), {
      x: normal([3, 8]),
    });
    expect([rewrites, skipped]).toEqual([0, []]);
  });
});
