import { expect, test } from 'vitest';
import { ModelBuilder } from '../../../../engine/graph/builder.ts';
import { fuseRuntimeGelu } from '../../../../engine/graph/passes/fuse-runtime-gelu.ts';
import { checkPass, normal, type CheckedPass } from './check-pass.ts';
import { ERF_FORMS, FormWriter, NEAR_MISSES, TANH_FORMS, type Form } from './gelu-forms.ts';

async function check(form: Form, opset = 13): Promise<CheckedPass> {
  const builder = new ModelBuilder({ name: 'g', opset });
  builder.input('x', 'float32', ['N', 4]);
  builder.output(form(new FormWriter(builder), 'x'), 'float32', null);
  return checkPass(fuseRuntimeGelu, builder.build(), { x: normal([3, 4]) });
}

test.each(ERF_FORMS)('joins the erf form, %s', async (_, form) => {
  const { operators, model } = await check(form);
  expect(operators).toEqual(['com.microsoft.Gelu']);
  expect(model.opsets.get('com.microsoft')).toBe(1);
});

test.each(TANH_FORMS)('joins the tanh form, %s', async (_, form) => {
  const { operators } = await check(form);
  expect(operators).toEqual(['com.microsoft.FastGelu']);
});

test.each(NEAR_MISSES)('leaves alone %s', async (_, form) => {
  const { rewrites, model } = await check(form);
  expect(rewrites).toBe(0);
  expect(model.opsets.has('com.microsoft')).toBe(false);
});

test('leaves models alone that have a Gelu of their own', async () => {
  const [[, form]] = ERF_FORMS as readonly [readonly [string, Form]];
  const { rewrites } = await check(form, 20);
  expect(rewrites).toBe(0);
});
