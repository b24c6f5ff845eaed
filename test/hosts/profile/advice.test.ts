import { describe, expect, it } from 'vitest';
import { adviseHost, type Advice } from '../../../hosts/profile/advice.ts';
import { compareEnvironments } from '../../../hosts/profile/environment-change.ts';
import { readEnvironment } from '../../../hosts/profile/environment.ts';
import { describeHost } from '../../../hosts/this-host.ts';
import { fakeFiles, type FakeFile, type FakeFiles } from '../../support/fake-files.ts';
import {
  armBoard,
  bareMetalIntel,
  containerV2,
  nestedV1,
  pressure,
  virtualAmd,
} from './machines.ts';

type Changes = Readonly<Record<string, FakeFile>>;

/** Advice for a machine whose files changed during half a second. */
function adviceFor(
  files: FakeFiles,
  options: { readonly changes?: Changes; readonly raplReason?: string } = {},
): readonly Advice[] {
  const before = readEnvironment(files);
  for (const [path, content] of Object.entries(options.changes ?? {})) files.set(path, content);
  const environment = readEnvironment(files);
  return adviseHost({
    profile: describeHost(files),
    environment,
    recent: compareEnvironments(before, environment, 500),
    missingSensors:
      options.raplReason === undefined ? [] : [{ kind: 'rapl', reason: options.raplReason }],
  });
}

function topics(advice: readonly Advice[], severity: Advice['severity']): string[] {
  return advice.filter((one) => one.severity === severity).map(({ topic }) => topic);
}

function about(advice: readonly Advice[], topic: string): Advice | undefined {
  return advice.find((one) => one.topic === topic);
}

const NO_SWAP = { '/proc/meminfo': 'MemTotal: 32465120 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n' };

describe('adviseHost', () => {
  it('notes what is normal on bare metal', () => {
    const advice = adviceFor(bareMetalIntel());
    expect(topics(advice, 'warn')).toEqual([]);
    expect(topics(advice, 'note')).toEqual(['heat', 'swap', 'boost', 'smt']);
    expect(about(advice, 'swap')?.text).toMatch(/^1 MiB of memory/);
    expect(about(advice, 'boost')?.remedy).toMatch(/echo 1 .*intel_pstate\/no_turbo$/);
  });

  it('warns when more than a hundredth of the memory is swapped out', () => {
    // 1 GiB of 31
    const info = 'MemTotal: 32465120 kB\nSwapTotal: 2097152 kB\nSwapFree: 1048576 kB\n';
    expect(topics(adviceFor(bareMetalIntel({ '/proc/meminfo': info })), 'warn')).toEqual(['swap']);
  });

  it('has nothing to say about a machine that is set up well', () => {
    const advice = adviceFor(
      bareMetalIntel({
        ...NO_SWAP,
        '/sys/devices/system/cpu/intel_pstate/no_turbo': '1\n',
        '/sys/devices/system/cpu/smt/active': '0\n',
        ...Object.fromEntries(
          [0, 1, 2, 3].flatMap((core) =>
            ['core', 'package'].map((part) => [
              `/sys/devices/system/cpu/cpu${core}/thermal_throttle/${part}_throttle_count`,
              '0\n',
            ]),
          ),
        ),
      }),
    );
    expect(advice).toEqual([]);
  });

  it('gives the command that sets the governor', () => {
    expect(about(adviceFor(armBoard(NO_SWAP)), 'governor')).toEqual({
      topic: 'governor',
      severity: 'warn',
      text: "The frequency governor is 'mixed: ondemand, schedutil': cores speed up only after work has begun, by a different amount each time.",
      remedy: 'sudo cpupower frequency-set -g performance',
    });
  });

  it('warns of a fraction of a core and of throttling', () => {
    const advice = adviceFor(containerV2(NO_SWAP));
    expect(topics(advice, 'warn')).toEqual(['quota', 'throttling']);
    expect(about(advice, 'quota')?.text).toMatch(/^The CPU quota is 1\.5 cores: a fraction/);
    expect(about(advice, 'quota')?.remedy).toMatch(/docker run --cpuset-cpus 0$/);
    // 100 of 400 periods
    expect(about(advice, 'throttling')?.text).toMatch(/ in 25 % of its periods\.$/);
  });

  it('says that a quota strikes now', () => {
    const stat = 'nr_periods 405\nnr_throttled 103\nthrottled_usec 2512500\n';
    const advice = adviceFor(containerV2(NO_SWAP), {
      changes: { '/sys/fs/cgroup/cpu.stat': stat },
    });
    expect(about(advice, 'throttling')?.text).toMatch(/, and does so now\.$/);
  });

  it('notes a quota of whole cores, unless the mask is as tight', () => {
    const advice = about(adviceFor(nestedV1()), 'quota');
    expect(advice?.severity).toBe('note');
    expect(advice?.text).toMatch(/^The CPU quota is 4 cores, and 8 may be used/);
    const masked = nestedV1({ '/proc/self/status': 'Cpus_allowed_list:\t4-7\n' });
    expect(about(adviceFor(masked), 'quota')).toBeUndefined();
  });

  it('warns of heat while it throttles', () => {
    const path = '/sys/devices/system/cpu/cpu2/thermal_throttle/core_throttle_count';
    const advice = adviceFor(bareMetalIntel(), { changes: { [path]: '1\n' } });
    expect(about(advice, 'heat')?.severity).toBe('warn');
    expect(about(advice, 'heat')?.text).toMatch(/right now/);
  });

  it('warns of other programs and of what they wait for', () => {
    const advice = adviceFor(armBoard(NO_SWAP), {
      changes: {
        // 100 more ticks, 30 of them busy
        '/proc/stat': 'cpu  2030 100 1500 6070 100 50 150 100 40 0\n',
        // 100 ms and 25 ms of 500 ms
        '/proc/pressure/cpu': pressure(1_804_589_527 + 100_000, 0),
        '/proc/pressure/io': pressure(32_391_154 + 25_000, 20_104_972),
      },
    });
    expect(topics(advice, 'warn')).toEqual(['governor', 'load', 'io']);
    expect(about(advice, 'load')?.text).toBe(
      'Other programs use 30 % of the cores, and tasks wait for a core 20 % of the time.',
    );
    expect(about(advice, 'io')?.text).toBe('Tasks wait for a disk 5 % of the time.');
  });

  it('warns of steal above 1 %', () => {
    const quiet = adviceFor(virtualAmd(NO_SWAP));
    expect(topics(quiet, 'warn')).toEqual([]);
    expect(topics(quiet, 'note')).toEqual(['virtual']);
    // 100 more ticks, 3 of them stolen: 103 of 10 100 since the start.
    const stat = 'cpu  2000 100 1500 6097 100 50 150 103 40 0\n';
    const advice = adviceFor(virtualAmd(NO_SWAP), { changes: { '/proc/stat': stat } });
    expect(about(advice, 'steal')?.text).toBe(
      'The hypervisor takes 3 % of the CPU time now, and 1 % since the start.',
    );
  });

  it('tells how to open energy counters, only where they exist', () => {
    const refused = '/sys/class/powercap/intel-rapl:0/energy_uj may be read by root only; run sudo';
    const advice = adviceFor(armBoard(), { raplReason: refused });
    expect(about(advice, 'energy')?.remedy).toContain('chmod a+r /sys/class/powercap/intel-rapl');
    const absent = adviceFor(armBoard(), { raplReason: 'has no intel-rapl zone' });
    expect(about(absent, 'energy')).toBeUndefined();
  });

  it('claims nothing about a system that tells nothing', () => {
    expect(adviceFor(fakeFiles({}))).toEqual([]);
  });
});
