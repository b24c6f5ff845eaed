import { globSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const REPOSITORY = join(import.meta.dirname, '..', '..');

test('the product is TypeScript alone: the build compiles, and copies nothing', () => {
  const files = globSync('{cli,engine,hosts,reports,suites,tuner}/**/*.*', { cwd: REPOSITORY });
  expect(files.filter((path) => !/\.(ts|md)$/.test(path))).toEqual([]);
});
