import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { allocatePages } from '../../../engine/memory/native-memory.ts';
import { createPageLockedPool, type LockWarning } from '../../../engine/memory/page-locked-pool.ts';
import { describePool } from './pool-conformance.ts';
import type { LockedPagesReport } from './programs/locked-pages-process.ts';

describePool('page-locked', createPageLockedPool);

function lockedKib(): number {
  return Number(/^VmLck:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
}

test('its pages count as VmLck until the pool closes', () => {
  const before = lockedKib();
  const pool = createPageLockedPool();
  const lease = pool.take(256 * 1024);
  expect(lease.memory.lock).toEqual({ state: 'locked' });
  expect(lockedKib() - before).toBe(256);
  lease.release();
  expect(lockedKib() - before).toBe(256);
  pool.close();
  expect(lockedKib()).toBe(before);
});

test('the limit of locked memory is a warning with the remedy, and unlocked pages work', () => {
  const program = fileURLToPath(new URL('./programs/locked-pages-process.ts', import.meta.url));
  const script = 'ulimit -l 128 && exec "$0" "$1"';
  const output = execFileSync('sh', ['-c', script, process.execPath, program], {
    encoding: 'utf8',
  });
  const { states, lockedKib: locked, sum, warnings } = JSON.parse(output) as LockedPagesReport;
  expect(states).toEqual(['locked', 'refused', 'refused', 'locked']);
  // 64 KiB and one page.
  expect(locked).toBe(68);
  expect(sum).toBe(262_144);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatchObject({ kind: 'pages-not-locked', sizeBytes: 262_144 });
  expect(warnings[0]?.message).toMatch(/may be swapped out: cannot lock 256 KiB/);
  for (const remedy of ['ulimit -l', 'docker run --ulimit memlock', 'LimitMEMLOCK=']) {
    expect(warnings[0]?.message).toContain(remedy);
  }
});

test('warns once, whatever is refused later, and frees pages that were never locked', () => {
  const warnings: LockWarning[] = [];
  const closed: number[] = [];
  const pool = createPageLockedPool({
    onWarning: (warning) => warnings.push(warning),
    allocatePages: (sizeBytes) => ({
      ...allocatePages(sizeBytes),
      lock: () => ({ state: 'refused', reason: 'no' }),
      close: () => closed.push(sizeBytes),
    }),
  });
  for (const lease of [pool.take(4096), pool.take(8192)]) lease.release();
  expect(warnings.map(({ sizeBytes }) => sizeBytes)).toEqual([4096]);
  pool.close();
  expect(closed).toEqual([4096, 8192]);
});
