import type { SystemFiles } from '../../engine/devices/system-files.ts';

/**
 * How long the threads of a process (ours by default) have been ready to run without
 * a core, in milliseconds since they started, all together: the second field of
 * schedstat (Documentation/scheduler/sched-stats). Null where the kernel does not
 * tell. A thread that ends takes its figure with it.
 */
export function runQueueWaitMs(files: SystemFiles, pid: number | 'self' = 'self'): number | null {
  const waits = files
    .list(`/proc/${pid}/task`)
    .map((task) => files.read(`/proc/${pid}/task/${task}/schedstat`)?.split(' ')[1])
    .filter((field) => field !== undefined)
    .map(Number);
  return waits.length === 0 ? null : waits.reduce((sum, ns) => sum + ns, 0) / 1e6;
}
