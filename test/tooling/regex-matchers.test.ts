import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { regexMatchersOf } from './regex-matchers.ts';

const REPOSITORY = join(import.meta.dirname, '..', '..');

test('no test hands a regular expression to a matcher that ignores it', () => {
  const paths = globSync('test/**/*.ts', { cwd: REPOSITORY });
  expect(paths.length).toBeGreaterThan(50);
  const found = paths.flatMap((path) =>
    regexMatchersOf(path, readFileSync(join(REPOSITORY, path), 'utf8')).map(
      (line) => `${path}:${line}`,
    ),
  );
  expect(found).toEqual([]);
});

test.each([
  ['a field', 'expect(a).toMatchObject({ b: /c/ });'],
  ['a field further down', 'expect(a).toMatchObject({ b: { c: [1, { d: /e/i }] } });'],
  ['a cast', 'expect(a).toMatchObject({ b: /c/ as unknown });'],
  ['a choice', 'expect(a).toMatchObject({ b: d ? /c/ : 1 });'],
  ['a rejection', 'await expect(a).rejects.toMatchObject({ b: /c/ });'],
  ['the negation', 'expect(a).not.toMatchObject({ b: /c/ });'],
])('sees %s', (_name, text) => {
  expect(regexMatchersOf('a.test.ts', `\n${text}`)).toEqual([2]);
});

test.each([
  'expect(a).toMatchObject({ b: expect.stringMatching(/c/) as string });',
  'expect(a).toMatch(/c/);',
  'expect(a).toThrow(/c/);',
  // Here a text never passes for an expression.
  'expect(a).toEqual(expect.objectContaining({ b: /c/ }));',
  "expect(a).toMatchObject({ '/b/': 1 / 2 });",
])('leaves alone: %s', (text) => {
  expect(regexMatchersOf('a.test.ts', text)).toEqual([]);
});
