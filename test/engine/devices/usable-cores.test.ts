import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { affinityCores, quotaCores, usableCores } from '../../../engine/devices/usable-cores.ts';
import { fakeFiles } from '../../support/fake-files.ts';

/** /proc/self/status of a process that may run on the cores of the list. */
function statusWith(list: string): Record<string, string> {
  return {
    '/proc/self/status': `Name:\tnode\nCpus_allowed:\tff\nCpus_allowed_list:\t${list}\nMems_allowed:\t1\n`,
  };
}

const EIGHT_CORES = statusWith('0-7');

describe('affinityCores', () => {
  it.each([
    ['0', 1],
    ['0-7', 8],
    ['0-3,8', 5],
    ['1,3,5,7', 4],
    ['0-1,64-65,128', 5],
  ])('counts the cores of the list %s', (list, cores) => {
    expect(affinityCores(fakeFiles(statusWith(list)))).toBe(cores);
  });

  it('does not know where the system does not tell', () => {
    expect(affinityCores(fakeFiles({}))).toBeNull();
    expect(affinityCores(fakeFiles({ '/proc/self/status': 'Name:\tnode\n' }))).toBeNull();
  });

  it.each(['', 'all', '3-0'])("does not believe the list '%s'", (list) => {
    expect(affinityCores(fakeFiles(statusWith(list)))).toBeNull();
  });
});

describe('quotaCores', () => {
  it('finds no limit where there are no control groups', () => {
    expect(quotaCores(fakeFiles({}))).toBeNull();
  });

  describe('of control groups v2', () => {
    it('finds no limit in "max"', () => {
      const files = fakeFiles({
        '/proc/self/cgroup': '0::/user.slice\n',
        '/sys/fs/cgroup/user.slice/cpu.max': 'max 100000\n',
      });
      expect(quotaCores(files)).toBeNull();
    });

    it('divides the quota by the period', () => {
      const files = fakeFiles({
        '/proc/self/cgroup': '0::/app\n',
        '/sys/fs/cgroup/app/cpu.max': '150000 100000\n',
      });
      expect(quotaCores(files)).toBe(1.5);
    });

    it('takes a period of 100 ms when none is written', () => {
      const files = fakeFiles({
        '/proc/self/cgroup': '0::/app\n',
        '/sys/fs/cgroup/app/cpu.max': '300000\n',
      });
      expect(quotaCores(files)).toBe(3);
    });

    it.each([
      ['parent', '200000 100000', '400000 100000', 2],
      ['child', '800000 100000', '300000 100000', 3],
    ])('takes the tightest of nested groups: the %s', (_which, parent, child, cores) => {
      const files = fakeFiles({
        '/proc/self/cgroup': '0::/kubepods/pod1/main\n',
        '/sys/fs/cgroup/kubepods/cpu.max': 'max 100000\n',
        '/sys/fs/cgroup/kubepods/pod1/cpu.max': `${parent}\n`,
        '/sys/fs/cgroup/kubepods/pod1/main/cpu.max': `${child}\n`,
      });
      expect(quotaCores(files)).toBe(cores);
    });

    it('reads the root of the mount in a container, where its own path does not exist', () => {
      const files = fakeFiles({
        '/proc/self/cgroup': '0::/system.slice/docker-4f1a.scope\n',
        '/sys/fs/cgroup/cpu.max': '250000 100000\n',
      });
      expect(quotaCores(files)).toBe(2.5);
    });

    it('reads the root in a control group namespace, whose path leads out of it', () => {
      const files = fakeFiles({
        '/proc/self/cgroup': '0::/../../outside\n',
        '/sys/fs/cgroup/cpu.max': '200000 100000\n',
      });
      expect(quotaCores(files)).toBe(2);
    });

    it('does not read the group of a sibling', () => {
      const files = fakeFiles({
        '/proc/self/cgroup': '0::/app\n',
        '/sys/fs/cgroup/application/cpu.max': '100000 100000\n',
      });
      expect(quotaCores(files)).toBeNull();
    });

    it('keeps a path that has a colon', () => {
      const files = fakeFiles({
        '/proc/self/cgroup': '0::/a:b\n',
        '/sys/fs/cgroup/a:b/cpu.max': '100000 100000\n',
      });
      expect(quotaCores(files)).toBe(1);
    });
  });

  describe('of control groups v1', () => {
    const lines = '12:cpuset:/other\n4:cpu,cpuacct:/docker/4f1a\n1:name=systemd:/\n';

    it.each(['cpu', 'cpu,cpuacct'])('reads the quota below the mount %s', (controller) => {
      const files = fakeFiles({
        '/proc/self/cgroup': lines,
        [`/sys/fs/cgroup/${controller}/docker/4f1a/cpu.cfs_quota_us`]: '350000\n',
        [`/sys/fs/cgroup/${controller}/docker/4f1a/cpu.cfs_period_us`]: '100000\n',
      });
      expect(quotaCores(files)).toBe(3.5);
    });

    it('finds no limit in -1', () => {
      const files = fakeFiles({
        '/proc/self/cgroup': lines,
        '/sys/fs/cgroup/cpu/docker/4f1a/cpu.cfs_quota_us': '-1\n',
        '/sys/fs/cgroup/cpu/docker/4f1a/cpu.cfs_period_us': '100000\n',
      });
      expect(quotaCores(files)).toBeNull();
    });

    it('reads the root of the mount in a container, where its own path does not exist', () => {
      const files = fakeFiles({
        '/proc/self/cgroup': lines,
        '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '50000\n',
        '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '25000\n',
      });
      expect(quotaCores(files)).toBe(2);
    });

    it('does not take the cpuset group for the cpu group', () => {
      const files = fakeFiles({
        '/proc/self/cgroup': lines,
        '/sys/fs/cgroup/cpu/other/cpu.cfs_quota_us': '100000\n',
        '/sys/fs/cgroup/cpu/other/cpu.cfs_period_us': '100000\n',
      });
      expect(quotaCores(files)).toBeNull();
    });
  });

  it('takes the tighter one of a machine that has both versions', () => {
    const files = fakeFiles({
      '/proc/self/cgroup': '2:cpu:/a\n0::/b\n',
      '/sys/fs/cgroup/b/cpu.max': '400000 100000\n',
      '/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us': '200000\n',
      '/sys/fs/cgroup/cpu/a/cpu.cfs_period_us': '100000\n',
    });
    expect(quotaCores(files)).toBe(2);
  });

  it.each(['', 'garbage', '100000 0', '0 100000', '-1 100000'])(
    "finds no limit in a file that says '%s'",
    (text) => {
      expect(quotaCores(fakeFiles({ '/sys/fs/cgroup/cpu.max': text }))).toBeNull();
    },
  );
});

describe('usableCores', () => {
  it('is the affinity mask without a quota', () => {
    expect(usableCores(fakeFiles(EIGHT_CORES))).toBe(8);
  });

  it.each([
    ['400000 100000', 4],
    ['150000 100000', 1],
    ['799999 100000', 7],
    ['50000 100000', 1],
    ['1600000 100000', 8],
    ['max 100000', 8],
  ])('of 8 cores under the quota %s is %d', (quota, cores) => {
    const files = fakeFiles({
      ...EIGHT_CORES,
      '/proc/self/cgroup': '0::/\n',
      '/sys/fs/cgroup/cpu.max': quota,
    });
    expect(usableCores(files)).toBe(cores);
  });

  it('asks Node where there is no /proc', () => {
    expect(usableCores(fakeFiles({}))).toBe(availableParallelism());
  });
});
