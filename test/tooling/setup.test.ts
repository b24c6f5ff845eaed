import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const VITEST = join(import.meta.dirname, '..', '..', 'node_modules', 'vitest', 'vitest.mjs');

test('a warning of the process fails the test that raised it, and no other', () => {
  const folder = join(import.meta.dirname, 'warnings');
  const result = spawnSync(process.execPath, [VITEST, 'run'], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined },
    encoding: 'utf8',
  });
  expect(result.status).toBe(1);
  expect(result.stderr).toContain('the process warned: MaxListenersExceededWarning');
  expect(result.stderr).toContain('warns.fixture.ts > leaks listeners');
  expect(result.stdout).toMatch(/Tests\s+1 failed \| 1 passed/);
});
