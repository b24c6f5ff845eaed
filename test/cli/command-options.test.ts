import { expect, test } from 'vitest';
import { collect, examples, SEARCHER } from '../../cli/command-options.ts';
import { SEARCHERS } from '../../tuner/search/registry.ts';

test('the help names every searcher that there is, and the default among them', () => {
  const [, description, fallback] = SEARCHER;
  const named = description.split(/, | or /);
  expect(named.toSorted()).toEqual(SEARCHERS.map(({ name }) => name).toSorted());
  expect(named).toContain(fallback);
});

test('one example or several, each on a line', () => {
  expect(examples('claw a')).toEqual(['after', '\nExample:\n  claw a']);
  expect(examples('claw a', 'claw b')).toEqual(['after', '\nExamples:\n  claw a\n  claw b']);
});

test('a repeated option is gathered in order', () => {
  expect(collect('b', collect('a', undefined))).toEqual(['a', 'b']);
});
