import { describe, expect, it } from 'vitest';
import {
  compareEnvironments,
  type EnvironmentChange,
} from '../../../hosts/profile/environment-change.ts';
import { readEnvironment } from '../../../hosts/profile/environment.ts';
import { known, unavailable } from '../../../hosts/profile/known.ts';
import { fakeFiles, type FakeFile, type FakeFiles } from '../../support/fake-files.ts';
import { bareMetalIntel, containerV2, nestedV1, pressure } from './machines.ts';

/** What is told of a machine whose files change within 2 s. */
function changeOf(
  files: FakeFiles,
  changes: Readonly<Record<string, FakeFile>>,
  elapsedMs = 2000,
): EnvironmentChange {
  const before = readEnvironment(files);
  for (const [path, content] of Object.entries(changes)) files.set(path, content);
  return compareEnvironments(before, readEnvironment(files), elapsedMs);
}

const GOVERNOR = '/sys/devices/system/cpu/cpu2/cpufreq/scaling_governor';
const CPU_STAT = '/sys/fs/cgroup/cpu.stat';

describe('compareEnvironments', () => {
  it('takes steal and busy time as shares of the ticks of all cores', () => {
    // 400 more ticks: user 80, idle 300, steal 20. Busy is all but idle: 100.
    const stat = 'cpu  2080 100 1500 6300 100 50 150 120 40 0\n';
    const change = changeOf(bareMetalIntel(), { '/proc/stat': stat });
    expect(change.stealShare).toEqual(known(0.05));
    expect(change.busyShare).toEqual(known(0.25));
  });

  it('takes pressure as a share of the time', () => {
    const change = changeOf(containerV2(), {
      '/proc/pressure/memory': pressure(40 + 50_000, 30 + 20_000),
      '/sys/fs/cgroup/cpu.pressure': pressure(700 + 500_000, 300),
    });
    // 50 ms and 20 ms of 2000 ms; 500 ms of 2000 ms.
    expect(change.pressure.memory).toEqual(known({ some: 0.025, full: 0.01 }));
    expect(change.groupPressure.cpu).toEqual(known({ some: 0.25, full: 0 }));
    expect(change.pressure.io).toEqual(known({ some: 0, full: 0 }));
  });

  it('counts the periods in which a quota struck, v2', () => {
    const stat = 'nr_periods 420\nnr_throttled 103\nthrottled_usec 2512500\n';
    const change = changeOf(containerV2(), { [CPU_STAT]: stat });
    expect(change.throttledPeriods).toEqual(known(3));
    expect(change.throttledMs).toEqual(known(12.5));
  });

  it('sees an ancestor that throttles, v1', () => {
    const path = '/sys/fs/cgroup/cpu,cpuacct/kubepods/pod1/cpu.stat';
    const change = changeOf(nestedV1(), {
      [path]: 'nr_periods 60\nnr_throttled 9\nthrottled_time 11000000\n',
    });
    expect(change.throttledPeriods).toEqual(known(2));
    expect(change.throttledMs).toEqual(known(2));
  });

  it('counts throttling by heat', () => {
    const path = '/sys/devices/system/cpu/cpu2/thermal_throttle/core_throttle_count';
    expect(changeOf(bareMetalIntel(), { [path]: '4\n' }).thermalThrottles).toEqual(known(4));
  });

  it('tells which settings changed', () => {
    const change = changeOf(bareMetalIntel(), {
      [GOVERNOR]: 'powersave\n',
      '/proc/self/status': 'Cpus_allowed_list:\t0,2-3\n',
    });
    expect(change.governorChanged).toEqual(known(true));
    expect(change.affinityChanged).toEqual(known(true));
    expect(change.boostChanged).toEqual(known(false));
    expect(change.quotaChanged).toEqual(known(false));
  });

  it('tells that a quota was set, or changed', () => {
    const set = changeOf(containerV2({ '/sys/fs/cgroup/cpu.max': 'max 100000\n' }), {
      '/sys/fs/cgroup/cpu.max': '200000 100000\n',
    });
    expect(set.quotaChanged).toEqual(known(true));
    expect(changeOf(containerV2(), {}).quotaChanged).toEqual(known(false));
  });
});

describe('what is not known stays so', () => {
  it('for a counter that was reset', () => {
    const change = changeOf(containerV2(), {
      [CPU_STAT]: 'nr_periods 1\nnr_throttled 0\nthrottled_usec 0\n',
    });
    expect(change.throttledPeriods).toEqual(
      unavailable('the counter went backwards: it was reset between the two readings'),
    );
  });

  it('for a file that vanished', () => {
    const change = changeOf(bareMetalIntel(), { '/proc/pressure/io': { state: 'refused' } });
    expect(change.pressure.io).toEqual(
      unavailable('/proc/pressure/io may not be read by this user'),
    );
  });

  it('when no time passed', () => {
    const change = changeOf(bareMetalIntel(), {}, 0);
    expect(change.pressure.cpu).toEqual(unavailable('no time passed between the two readings'));
    expect(change.stealShare).toEqual(unavailable('no clock tick passed between the two readings'));
  });

  it('on a system without any of it', () => {
    const { elapsedMs, ...facts } = changeOf(fakeFiles({}), {});
    expect(elapsedMs).toBe(2000);
    expect(JSON.stringify(facts)).not.toContain('known"');
  });
});
