import { availableParallelism } from 'node:os';
import type { SystemFiles } from './system-files.ts';

/**
 * Cores that this process may use: the smaller of its affinity mask and its
 * container's CPU quota, at least 1. A quota of 1.5 cores counts as 1: two
 * busy threads would be throttled.
 */
export function usableCores(files: SystemFiles): number {
  const affinity = affinityCores(files) ?? availableParallelism();
  const quota = quotaCores(files);
  return quota === null ? affinity : Math.max(1, Math.min(affinity, Math.floor(quota)));
}

/** Cores in the affinity mask, or null where the system does not tell. */
export function affinityCores(files: SystemFiles): number | null {
  const status = files.read('/proc/self/status');
  const list = status === null ? null : /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1];
  if (list === null || list === undefined) return null;
  const cores = list.split(',').reduce((count, range) => {
    const [first, last] = range.split('-').map(Number);
    return first === undefined ? count : count + (last ?? first) - first + 1;
  }, 0);
  return Number.isInteger(cores) && cores > 0 ? cores : null;
}

/**
 * CPU quota in cores of the control group, v2 or v1, or null without a limit.
 * A group may be limited by any of its ancestors: the tightest one counts.
 */
export function quotaCores(files: SystemFiles): number | null {
  const quotas = [...quotasV2(files), ...quotasV1(files)];
  return quotas.length === 0 ? null : Math.min(...quotas);
}

function quotasV2(files: SystemFiles): number[] {
  return groupFolders(files, '').flatMap((folder) => {
    const [quota, period] = (files.read(`/sys/fs/cgroup${folder}/cpu.max`) ?? '').trim().split(' ');
    return quota === undefined || quota === 'max' ? [] : positiveRatio(quota, period);
  });
}

function quotasV1(files: SystemFiles): number[] {
  return groupFolders(files, 'cpu').flatMap((folder) =>
    ['cpu', 'cpu,cpuacct'].flatMap((controller) => {
      const base = `/sys/fs/cgroup/${controller}${folder}`;
      const quota = files.read(`${base}/cpu.cfs_quota_us`)?.trim();
      const period = files.read(`${base}/cpu.cfs_period_us`)?.trim();
      return quota === undefined || period === undefined ? [] : positiveRatio(quota, period);
    }),
  );
}

/** v1 writes -1 for "no limit". */
function positiveRatio(quota: string, period: string | undefined): number[] {
  const ratio = Number(quota) / Number(period ?? '100000');
  return Number.isFinite(ratio) && ratio > 0 ? [ratio] : [];
}

/**
 * This process's group and its ancestors, the root as ''. Inside a container
 * the path of /proc/self/cgroup may not exist below its own /sys/fs/cgroup:
 * reading then finds nothing, and the root of the mount holds the limit.
 */
function groupFolders(files: SystemFiles, controller: string): string[] {
  const lines = (files.read('/proc/self/cgroup') ?? '').split('\n');
  const line = lines.find((text) => text.split(':')[1]?.split(',').includes(controller));
  const parts = (line?.split(':').slice(2).join(':') ?? '/')
    .split('/')
    .filter((part) => part !== '');
  return [...parts.keys(), parts.length].map((count) =>
    parts
      .slice(0, count)
      .map((part) => `/${part}`)
      .join(''),
  );
}
