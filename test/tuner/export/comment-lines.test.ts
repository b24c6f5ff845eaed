import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { comments, oneLine } from '../../../tuner/export/comment-lines.ts';

test('a comment stays one line, whatever stands in it', () => {
  const hostile = 'a\nimport os\r\n#\u2028b\u2029c\u0085d\u000be';
  expect(comments([hostile, 'next'], '#')).toBe('# a import os # b c d e\n# next');
});

test('a comment does not draw the next line into it', () => {
  expect(comments(['back\\slash \\', 'two \\\\ ', 'old ??/', ''], '//')).toBe(
    '// back\\slash\n// two\n// old\n//',
  );
});

test('a shell runs nothing that stands in one', () => {
  const script = `${comments(['x\necho owned', 'y\\'], '#')}\necho fine`;
  expect(execFileSync('sh', ['-c', script], { encoding: 'utf8' })).toBe('fine\n');
});

test('text without control characters is left as it is', () => {
  expect(oneLine('Größe 日本 "q" \\')).toBe('Größe 日本 "q" \\');
});
