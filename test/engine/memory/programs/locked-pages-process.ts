import { readFileSync } from 'node:fs';
import type { PageLock } from '../../../../engine/memory/native-memory.ts';
import {
  createPageLockedPool,
  type LockWarning,
} from '../../../../engine/memory/page-locked-pool.ts';

/**
 * Locks pages as a user whom the limit binds, and prints what came of it as
 * JSON: 64 KiB, twice 256 KiB, and a page.
 */
export interface LockedPagesReport {
  readonly states: readonly PageLock['state'][];
  readonly lockedKib: number;
  /** Of the ones that were written to the first block that was refused. */
  readonly sum: number;
  readonly warnings: readonly LockWarning[];
}

const warnings: LockWarning[] = [];
const pool = createPageLockedPool({ onWarning: (warning) => warnings.push(warning) });
// Loads the native library, which nobody may not be allowed to read.
pool.take(1).release();
pool.trim();
// Root may lock without a limit.
if (process.getuid?.() === 0) process.setuid?.(65534);

const leases = [64, 256, 256, 4].map((kib) => pool.take(kib * 1024));
const ones = leases[1]?.view(Uint8Array, 256 * 1024).fill(1) ?? new Uint8Array();
const report: LockedPagesReport = {
  states: leases.map((lease) => lease.memory.lock.state),
  lockedKib: Number(
    /^VmLck:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? Number.NaN,
  ),
  sum: ones.reduce((sum, one) => sum + one, 0),
  warnings,
};
process.stdout.write(JSON.stringify(report));
