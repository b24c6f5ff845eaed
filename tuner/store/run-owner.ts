import { hostname } from 'node:os';
import { codeOf } from '../../engine/base/errors.ts';
import type { SystemFiles } from '../../engine/devices/system-files.ts';
import type { RunOwner } from './store.ts';

/** This process as the owner of a run. */
export function thisOwner(files: SystemFiles): RunOwner {
  return { hostName: hostname(), pid: process.pid, startTicks: startTicks(files, process.pid) };
}

/** Whether the owner still runs. On another machine that cannot be seen: it counts as alive. */
export function isAlive(owner: RunOwner, files: SystemFiles): boolean {
  if (owner.hostName !== hostname()) return true;
  try {
    process.kill(owner.pid, 0);
  } catch (thrown) {
    // EPERM: it exists and belongs to somebody else.
    if (codeOf(thrown) !== 'EPERM') return false;
  }
  // The number may have been given to a new process since.
  const ticks = startTicks(files, owner.pid);
  return owner.startTicks === null || ticks === null || ticks === owner.startTicks;
}

/** Field 22 of /proc/PID/stat; the command in parentheses may hold spaces. */
function startTicks(files: SystemFiles, pid: number): string | null {
  const stat = files.read(`/proc/${pid}/stat`);
  if (stat === null) return null;
  const afterCommand = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return afterCommand[19] ?? null;
}
