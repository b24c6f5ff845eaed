import { describe, expect, it, test } from 'vitest';
import { systemFiles } from '../../../engine/devices/system-files.ts';
import {
  hostEnvironmentSchema,
  type HostEnvironment,
} from '../../../hosts/profile/environment-record.ts';
import { readEnvironment } from '../../../hosts/profile/environment.ts';
import { known, unavailable } from '../../../hosts/profile/known.ts';
import { fakeFiles, type FakeFiles } from '../../support/fake-files.ts';
import {
  armBoard,
  bareMetalIntel,
  containerV2,
  nestedV1,
  refusing,
  virtualAmd,
} from './machines.ts';

const NOW = new Date('2026-03-01T10:00:00Z');

function environmentOf(files: FakeFiles): HostEnvironment {
  const environment = readEnvironment(files, NOW);
  expect(hostEnvironmentSchema.parse(environment)).toEqual(environment);
  return environment;
}

describe('the environment of', () => {
  test('bare metal with an Intel processor, whose mask has cores 0 and 2', () => {
    const { cpu, ...rest } = environmentOf(bareMetalIntel());
    expect(cpu).toEqual({
      microcode: known('0x2b000603'),
      governor: known('performance'),
      scalingDriver: known('intel_pstate'),
      frequenciesMhz: known([3200, 3150.5]),
      boost: known(true),
      smt: known(true),
      numaNodes: known(2),
      onlineCores: known('0-3'),
      isolatedCores: known('2-3'),
      affinity: known('0,2'),
    });
    expect(rest).toMatchObject({
      takenAt: '2026-03-01T10:00:00.000Z',
      // 3 + 5 + 3 + 5 + 0 + 5 + 0 + 5
      thermalThrottles: known(26),
      // Not the board's 91 °C: sensors of the processor come first.
      hottest: known({ name: 'coretemp Package id 0', celsius: 62 }),
      loadAverage: known([0.25, 1.5, 2]),
      // 2000 + 100 + 1500 + 6000 + 100 + 50 + 150 + 100; guests are in user already.
      ticks: known({ total: 10_000, busy: 3900, steal: 100 }),
      swapUsedBytes: known(1024 * 1024),
      hypervisor: known(null),
      container: known(null),
      pressure: { io: known({ someUs: 32_391_154, fullUs: 20_104_972 }) },
      controlGroup: {
        version: known(2),
        quotaCores: known(null),
        memoryLimitBytes: known(null),
        throttling: unavailable('no quota on the CPU, so that nothing is counted'),
      },
    });
  });

  test('a virtual machine with an AMD processor', () => {
    const { cpu, ...rest } = environmentOf(virtualAmd());
    const noCpufreq = 'no cpufreq: the machine is virtual, or the driver is not loaded';
    expect(cpu).toMatchObject({
      governor: unavailable(noCpufreq),
      scalingDriver: unavailable(noCpufreq),
      frequenciesMhz: unavailable(noCpufreq),
      boost: unavailable(noCpufreq),
      smt: known(false),
    });
    expect(rest).toMatchObject({
      hypervisor: known('Amazon EC2 c7a.large'),
      hottest: { state: 'unavailable' },
      thermalThrottles: { state: 'unavailable' },
    });
  });

  test('an ARM board', () => {
    const { cpu, hottest, hypervisor, container } = environmentOf(armBoard());
    expect(cpu).toMatchObject({
      microcode: unavailable('this processor does not tell its microcode'),
      governor: known('mixed: ondemand, schedutil'),
      frequenciesMhz: known([1500, 2400]),
    });
    expect(hottest).toEqual(known({ name: 'cpu-thermal', celsius: 48.312 }));
    expect(hypervisor).toEqual(known(null));
    expect(container).toEqual(unavailable('the system has no control groups'));
  });

  test('a container with a quota under control groups v2', () => {
    const { controlGroup, container } = environmentOf(containerV2());
    expect(container).toEqual(known('docker'));
    expect(controlGroup).toEqual({
      version: known(2),
      quotaCores: known(1.5),
      throttling: known({ periods: 400, throttledPeriods: 100, throttledUs: 2_500_000 }),
      memoryLimitBytes: known(512 * 2 ** 20),
      pressure: {
        cpu: known({ someUs: 700, fullUs: 300 }),
        memory: known({ someUs: 20, fullUs: 10 }),
        io: known({ someUs: 0, fullUs: 0 }),
      },
    });
  });

  test('nested control groups v1, whose times are nanoseconds', () => {
    const { controlGroup, container } = environmentOf(nestedV1());
    expect(container).toEqual(known('kubepods'));
    expect(controlGroup).toMatchObject({
      version: known(1),
      quotaCores: known(4),
      // 0 + 50 + 10 periods; 9 ms + 0.5 ms
      throttling: known({ periods: 60, throttledPeriods: 8, throttledUs: 9500 }),
      memoryLimitBytes: known(2 ** 30),
      pressure: { cpu: { state: 'unavailable' } },
    });
  });

  test('a machine that refuses', () => {
    const { cpu, pressure, ticks, loadAverage, hottest } = environmentOf(refusing());
    expect(cpu.governor).toEqual(
      unavailable(
        '/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor may not be read by this user',
      ),
    );
    expect(cpu.boost).toEqual(
      unavailable('/sys/devices/system/cpu/intel_pstate/no_turbo may not be read by this user'),
    );
    expect(cpu.frequenciesMhz).toEqual(known([3200, 3150.5]));
    expect(pressure.cpu).toEqual(unavailable('/proc/pressure/cpu may not be read by this user'));
    expect(pressure.memory).toEqual(
      unavailable('/proc/pressure/memory cannot be read: EOPNOTSUPP: operation not supported'),
    );
    expect(ticks.state).toBe('unavailable');
    expect(loadAverage).toEqual(unavailable('/proc/loadavg does not have the known form'));
    // One sensor fails, one is not connected: the zone of the package is left.
    expect(hottest).toEqual(known({ name: 'x86_pkg_temp', celsius: 61 }));
  });

  test('a system without any of it knows nothing, and says why', () => {
    const text = JSON.stringify(environmentOf(fakeFiles({})));
    expect(text).not.toContain('known"');
    expect(text).not.toContain('"reason":""');
  });

  test('this machine can be read', () => {
    const environment = readEnvironment(systemFiles());
    expect(hostEnvironmentSchema.parse(environment)).toEqual(environment);
  });
});

describe('details', () => {
  it('takes the governor of the cores that can be read', () => {
    const files = bareMetalIntel({
      '/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor': { state: 'refused' },
    });
    expect(environmentOf(files).cpu.governor).toEqual(known('performance'));
  });

  it('takes all cores where there is no mask', () => {
    const files = bareMetalIntel({ '/proc/self/status': { state: 'absent' } });
    expect(environmentOf(files).cpu.governor).toEqual(known('mixed: performance, powersave'));
  });

  it.each([
    ['/sys/devices/system/cpu/intel_pstate/no_turbo', '1', false],
    ['/sys/devices/system/cpu/cpufreq/boost', '1', true],
    ['/sys/devices/system/cpu/cpufreq/boost', '0', false],
  ])('%s %s means boost %s', (path, text, boost) => {
    expect(environmentOf(virtualAmd({ [path]: `${text}\n` })).cpu.boost).toEqual(known(boost));
  });

  it('prefers Tdie to Tctl, which carries an offset', () => {
    const files = virtualAmd({
      '/sys/class/hwmon/hwmon0/name': 'k10temp\n',
      '/sys/class/hwmon/hwmon0/temp1_input': '88000\n',
      '/sys/class/hwmon/hwmon0/temp1_label': 'Tctl\n',
      '/sys/class/hwmon/hwmon0/temp2_input': '61000\n',
      '/sys/class/hwmon/hwmon0/temp2_label': 'Tdie\n',
    });
    expect(environmentOf(files).hottest).toEqual(known({ name: 'k10temp Tdie', celsius: 61 }));
  });

  it('tells sensors that cannot be read from none', () => {
    const refused = { state: 'refused' } as const;
    const files = virtualAmd({ '/sys/class/thermal/thermal_zone0/temp': refused });
    expect(environmentOf(files).hottest).toEqual(
      unavailable('none of the temperature sensors is the processor’s and can be read'),
    );
    expect(environmentOf(virtualAmd()).hottest).toEqual(
      unavailable('no temperature sensor in /sys: virtual machines are shown none'),
    );
  });

  it('has no full pressure of the CPU before Linux 5.13', () => {
    const files = virtualAmd({
      '/proc/pressure/cpu': 'some avg10=0.00 avg60=0.00 avg300=0.00 total=5\n',
    });
    expect(environmentOf(files).pressure.cpu).toEqual(known({ someUs: 5, fullUs: null }));
  });

  it('does not take the root of v2, the whole machine, for a group of our own', () => {
    const files = virtualAmd({ '/sys/fs/cgroup/cpu.pressure': pressureLines() });
    expect(environmentOf(files).controlGroup.pressure.cpu.state).toBe('unavailable');
  });

  it('finds v2 beside v1 on a hybrid system', () => {
    const files = nestedV1({
      '/sys/fs/cgroup/unified/cgroup.events': 'populated 1\n',
      '/sys/fs/cgroup/unified/cpu.pressure': pressureLines(),
    });
    expect(environmentOf(files).controlGroup).toMatchObject({
      version: known(1),
      pressure: { cpu: known({ someUs: 9, fullUs: null }) },
    });
  });

  it.each([
    [
      'flag alone',
      { '/sys/class/dmi/id/sys_vendor': '', '/sys/class/dmi/id/product_name': '' },
      'unnamed',
    ],
    ['Xen', { '/sys/hypervisor/type': 'xen\n' }, 'xen'],
  ])('names a hypervisor by its %s', (_what, changes, name) => {
    expect(environmentOf(virtualAmd(changes)).hypervisor).toEqual(known(name));
  });

  it.each([
    ['m7g.large', known('Amazon EC2 m7g.large')],
    ['m7g.metal', unavailable('this processor has no sign for it, and no name tells')],
  ])('on ARM goes by the name of the machine: %s', (product, expected) => {
    const files = armBoard({
      '/proc/device-tree/model': { state: 'absent' },
      '/sys/class/dmi/id/sys_vendor': 'Amazon EC2\n',
      '/sys/class/dmi/id/product_name': `${product}\n`,
    });
    expect(environmentOf(files).hypervisor).toEqual(expected);
  });
});

function pressureLines(): string {
  return 'some avg10=0.00 avg60=0.00 avg300=0.00 total=9\n';
}
