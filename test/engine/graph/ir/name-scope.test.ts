import { expect, test } from 'vitest';
import { NameScope } from '../../../../engine/graph/ir/ir.ts';

test('gives names that are free, and counts on from the last one', () => {
  const names = new NameScope();
  expect(names.fresh('a')).toBe('a');
  names.take('a');
  names.take('a_1');
  expect(names.fresh('a')).toBe('a_2');
  expect(names.fresh('b')).toBe('b');
});

test('keeps a name that two subgraphs side by side use until both are gone', () => {
  const names = new NameScope();
  names.take('t');
  names.take('t');
  names.release('t');
  expect(names.fresh('t')).toBe('t_1');
  names.release('t');
  expect(names.fresh('t')).toBe('t');
});
