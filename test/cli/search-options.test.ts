import { expect, test } from 'vitest';
import { UsageError } from '../../engine/base/errors.ts';
import { checkOneBudget, parseSearcher } from '../../cli/search-options.ts';

test('a searcher is named; of an unknown one the remedy names all', () => {
  expect(parseSearcher('halving')).toBe('halving');
  let thrown: unknown;
  try {
    parseSearcher('luck');
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(UsageError);
  expect(thrown).toHaveProperty('message', "--searcher 'luck' is not known");
  expect(thrown).toHaveProperty('remedy', expect.stringMatching(/^searchers: .*\bbandit\b/));
});

test('a search is bounded by trials or by time', () => {
  expect(() => checkOneBudget({ trials: true, budget: true })).toThrow(
    '--trials and --budget exclude each other',
  );
  for (const [trials, budget] of [
    [true, false],
    [false, true],
    [false, false],
  ] as const) {
    expect(() => checkOneBudget({ trials, budget })).not.toThrow();
  }
});
