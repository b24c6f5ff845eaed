import { expect, test } from 'vitest';
import { ModelBuilder } from '../../../../engine/graph/builder.ts';
import type { Dim } from '../../../../engine/graph/describe.ts';
import { fuseGelu } from '../../../../engine/graph/passes/fuse-gelu.ts';
import { checkPass, normal, type CheckedPass } from './check-pass.ts';
import { ERF_FORMS, FormWriter, NEAR_MISSES, TANH_FORMS, type Form } from './gelu-forms.ts';

interface Options {
  readonly opset?: number;
  readonly declared?: readonly Dim[] | null;
  /** Axes of the scalars. */
  readonly scalars?: readonly number[];
  /** Operators whose results are graph outputs too. */
  readonly exposed?: string;
}

async function check(form: Form, options: Options = {}): Promise<CheckedPass> {
  const { opset = 20, declared = ['N', 4], scalars = [], exposed } = options;
  const builder = new ModelBuilder({ name: 'g', opset });
  builder.input('x', 'float32', declared);
  const last = form(new FormWriter(builder, scalars), 'x');
  builder.output(last, 'float32', null);
  const other = builder.buildGraph().nodes.find((node) => node.opType === exposed)?.outputs[0];
  if (other !== undefined) builder.output(other, 'float32', null);
  return checkPass(fuseGelu, builder.build(), { x: normal([3, 4]) });
}

const [[, torchForm]] = ERF_FORMS as readonly [readonly [string, Form]];

test.each(ERF_FORMS)('joins the erf form, %s', async (_, form) => {
  const { operators, model } = await check(form);
  expect(operators).toEqual(['Gelu']);
  expect(model.graph.initializers.size).toBe(0);
});

test.each(TANH_FORMS)('joins the tanh form, %s', async (_, form) => {
  const { operators } = await check(form);
  expect(operators).toEqual(['Gelu']);
});

test('joins several in a row', async () => {
  const { operators } = await check((w, x) => torchForm(w, torchForm(w, x)));
  expect(operators).toEqual(['Gelu', 'Gelu']);
});

test('joins one of a value that is itself a product', async () => {
  const { operators } = await check((w, x) => torchForm(w, w.mul(x, 0.3)));
  expect(operators.toSorted()).toEqual(['Gelu', 'Mul']);
});

test.each(NEAR_MISSES)('leaves alone %s', async (_, form) => {
  const { rewrites } = await check(form);
  expect(rewrites).toBe(0);
});

test.each(['Div', 'Erf', 'Add'])(
  'leaves it alone when the %s is a graph output',
  async (exposed) => {
    const { rewrites, skipped } = await check(torchForm, { exposed });
    expect(rewrites).toBe(0);
    expect(skipped[0]?.reason).toBe('a part of it is used elsewhere too');
  },
);

test('takes scalars with axes only where they add none', async () => {
  expect((await check(torchForm, { scalars: [1] })).operators).toEqual(['Gelu']);
  expect((await check(torchForm, { scalars: [1, 1, 1] })).rewrites).toBe(0);
  expect((await check(torchForm, { scalars: [1], declared: null })).rewrites).toBe(0);
});

test('leaves it alone below opset 20 and says why', async () => {
  const { rewrites, skipped } = await check(torchForm, { opset: 19 });
  expect(rewrites).toBe(0);
  expect(skipped[0]?.reason).toBe('Gelu is an operator since opset 20, the model has 19');
});

test('leaves a constant alone that may be fed', async () => {
  const { rewrites } = await check((w, x) => {
    const half = w.scalar(0.5);
    w.builder.input(half, 'float32', []);
    return w.mul(w.mul(x, w.onePlus('Erf', w.div(x, Math.SQRT2))), half);
  });
  expect(rewrites).toBe(0);
});
