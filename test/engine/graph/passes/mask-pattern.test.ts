import { expect, test } from 'vitest';
import { ModelBuilder } from '../../../../engine/graph/builder.ts';
import type { Dim } from '../../../../engine/graph/describe.ts';
import { importModel } from '../../../../engine/graph/ir/import-model.ts';
import { attentionFacts } from '../../../../engine/graph/passes/attention-facts.ts';
import { ConditionReader, type Condition } from '../../../../engine/graph/passes/mask-pattern.ts';
import { causal, compared, keptByGather, keptByGatherND, not } from './mask-forms.ts';
import { TokenWriter } from './token-writer.ts';

type Form = (writer: TokenWriter) => string;

function read(form: Form, length: Dim = 'S'): readonly Condition[] | null {
  const writer = new TokenWriter({ opset: 17, length });
  const name = form(writer);
  writer.builder.output(name, 'bool', null);
  const model = importModel(writer.builder.build());
  const facts = attentionFacts(model);
  const [value] = model.graph.outputs;
  if (facts === null || value === undefined) throw new Error('the model is too old');
  return new ConditionReader(facts.shapesOf, length).read(value);
}

const KEY_UP_TO_QUERY = { kind: 'order', sum: { steps: [0, 0, -1, 1], offset: 0 } };

test.each<[string, Form, unknown]>([
  ['key <= query', causal, [KEY_UP_TO_QUERY]],
  ['query >= key', compared('GreaterOrEqual', 2, 3), [KEY_UP_TO_QUERY]],
  ['not key > query', not(compared('Greater', 3, 2)), [KEY_UP_TO_QUERY]],
  [
    'key < query',
    compared('Less', 3, 2),
    [{ kind: 'order', sum: { steps: [0, 0, -1, 1], offset: 1 } }],
  ],
  ['not key <= query', not(causal), [{ kind: 'order', sum: { steps: [0, 0, 1, -1], offset: 1 } }]],
])('reads %s as a bound of a sum of indices', (_, form, expected) => {
  expect(read(form)).toEqual(expected);
});

test.each([keptByGather, keptByGatherND])('reads a look-up by sample and key', (form) => {
  const [condition] = read(form) ?? [];
  if (condition?.kind !== 'lookup') throw new Error('it is read as something else');
  const { row, column } = condition.lookup;
  // The Gather leaves an axis of one element behind, which a Reshape takes away.
  expect(row).toEqual({ steps: [1, 0, 0, 0], offset: 0 });
  expect(column).toEqual({ steps: [0, 0, 0, 1], offset: 0 });
});

test.each<[string, Form]>([
  [
    'of another stride',
    (w) => flatLookup(w, (key, sample) => w.node('Add', [key, w.node('Mul', [sample, w.int(3)])])),
  ],
  ['that starts later', (w) => flatLookup(w, (key) => w.node('Add', [key, w.int(1)]))],
])('does not read a look-up %s', (_, form) => {
  expect(read(form)).toBeNull();
});

/** The flat mask at an index of `[N, 1, 1, S]`. */
function flatLookup(w: TokenWriter, index: (key: string, sample: string) => string): string {
  const [samples, keys] = [0, 1].map((axis) => {
    return w.node('Range', [w.int(0), w.dim(axis), w.int(1)]);
  });
  const key = w.node('Unsqueeze', [keys ?? '', w.ints(0, 1, 2)]);
  const sample = w.node('Unsqueeze', [samples ?? '', w.ints(1, 2, 3)]);
  const kept = w.node('Cast', ['mask'], { to: { int: 9 } });
  const flat = w.node('Reshape', [kept, w.ints(-1)]);
  return w.node('Gather', [flat, index(key, sample)], { axis: { int: 0 } });
}

test('gives up on a condition that is doubled again and again', () => {
  const conditions = read((w) => {
    let value = causal(w);
    for (let step = 0; step < 30; step += 1) value = w.node('And', [value, value]);
    return value;
  });
  expect(conditions).toBeNull();
});

test('gives up on a chain without end', () => {
  const builder = new ModelBuilder({ name: 'g', opset: 17 });
  let value = builder.input('mask', 'bool', ['N', 'S']);
  const shape = builder.node('Shape', [value]);
  for (let step = 0; step < 20_000; step += 1) value = builder.node('Expand', [value, shape]);
  builder.output(value, 'bool', null);
  const model = importModel(builder.build());
  const facts = attentionFacts(model);
  const [output] = model.graph.outputs;
  if (facts === null || output === undefined) throw new Error('the model is too old');
  const [condition] = new ConditionReader(facts.shapesOf).read(output) ?? [];
  expect(condition?.kind).toBe('lookup');
});

test('asks nothing of models below opset 11', () => {
  const builder = new ModelBuilder({ name: 'g', opset: 10 });
  builder.output(builder.node('Softmax', [builder.input('x', 'float32', ['N'])]), 'float32', null);
  expect(attentionFacts(importModel(builder.build()))).toBeNull();
});
