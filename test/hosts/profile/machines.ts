import { gravitonCpuInfo, xeonCpuInfo } from '../../support/cpu-info.ts';
import { fakeFiles, type FakeFile, type FakeFiles } from '../../support/fake-files.ts';

type Contents = Readonly<Record<string, FakeFile>>;

/** Two cores of four on bare metal: cpufreq, throttle counters, temperatures, swap in use. */
export function bareMetalIntel(changes: Contents = {}): FakeFiles {
  return fakeFiles({
    ...kernel(),
    '/proc/cpuinfo': xeonCpuInfo(4).replaceAll(
      'stepping\t: 8',
      'stepping\t: 8\nmicrocode\t: 0x2b000603',
    ),
    '/proc/self/status': 'Name:\tnode\nCpus_allowed:\t5\nCpus_allowed_list:\t0,2\n',
    '/proc/self/cgroup': '0::/user.slice/user-1000.slice/session-1.scope\n',
    '/proc/1/cgroup': '0::/init.scope\n',
    '/sys/fs/cgroup/cpu.stat': 'usage_usec 9000000\nuser_usec 8000000\nsystem_usec 1000000\n',
    ...frequency(0, 'performance', '3200000'),
    ...frequency(1, 'powersave', '800000'),
    ...frequency(2, 'performance', '3150500'),
    ...frequency(3, 'powersave', '800000'),
    '/sys/devices/system/cpu/intel_pstate/no_turbo': '0\n',
    '/sys/devices/system/cpu/smt/active': '1\n',
    '/sys/devices/system/cpu/online': '0-3\n',
    '/sys/devices/system/cpu/isolated': '2-3\n',
    '/sys/devices/system/node/node0/cpulist': '0-1\n',
    '/sys/devices/system/node/node1/cpulist': '2-3\n',
    '/sys/devices/system/node/online': '0-1\n',
    ...throttles(0, 3, 5),
    ...throttles(1, 3, 5),
    ...throttles(2, 0, 5),
    ...throttles(3, 0, 5),
    '/sys/class/thermal/thermal_zone0/type': 'acpitz\n',
    '/sys/class/thermal/thermal_zone0/temp': '91000\n',
    '/sys/class/thermal/thermal_zone1/type': 'x86_pkg_temp\n',
    '/sys/class/thermal/thermal_zone1/temp': '61000\n',
    '/sys/class/hwmon/hwmon3/name': 'coretemp\n',
    '/sys/class/hwmon/hwmon3/temp1_input': '62000\n',
    '/sys/class/hwmon/hwmon3/temp1_label': 'Package id 0\n',
    '/sys/class/hwmon/hwmon3/temp2_input': '58000\n',
    '/sys/class/hwmon/hwmon3/temp2_label': 'Core 0\n',
    '/sys/class/hwmon/hwmon1/name': 'nvme\n',
    '/sys/class/hwmon/hwmon1/temp1_input': '70000\n',
    ...changes,
  });
}

/** A virtual machine at a provider: no cpufreq, no sensors, time stolen. */
export function virtualAmd(changes: Contents = {}): FakeFiles {
  return fakeFiles({
    ...kernel(),
    '/proc/cpuinfo': xeonCpuInfo(2, { model: 'AMD EPYC 9R14' }).replaceAll(
      'flags\t\t: fpu',
      'flags\t\t: fpu hypervisor',
    ),
    '/proc/self/status': 'Cpus_allowed_list:\t0-1\n',
    '/proc/self/cgroup': '0::/init.scope\n',
    '/sys/class/dmi/id/sys_vendor': 'Amazon EC2\n',
    '/sys/class/dmi/id/product_name': 'c7a.large\n',
    '/sys/devices/system/cpu/smt/active': '0\n',
    ...changes,
  });
}

/** A board: no flag that tells a hypervisor, one thermal zone, different governors. */
export function armBoard(changes: Contents = {}): FakeFiles {
  return fakeFiles({
    ...kernel(),
    '/proc/cpuinfo': gravitonCpuInfo(2),
    '/proc/self/status': 'Cpus_allowed_list:\t0-1\n',
    '/proc/device-tree/model': 'Raspberry Pi 5 Model B Rev 1.0\0',
    ...frequency(0, 'schedutil', '1500000'),
    ...frequency(1, 'ondemand', '2400000'),
    '/sys/class/thermal/thermal_zone0/type': 'cpu-thermal\n',
    '/sys/class/thermal/thermal_zone0/temp': '48312\n',
    ...changes,
  });
}

/** Docker with `--cpus 1.5 --memory 512m` under control groups v2: its mount starts at its group. */
export function containerV2(changes: Contents = {}): FakeFiles {
  return fakeFiles({
    ...kernel(),
    '/proc/cpuinfo': xeonCpuInfo(8),
    '/proc/self/status': 'Cpus_allowed_list:\t0-7\n',
    '/.dockerenv': '',
    '/proc/self/cgroup': '0::/\n',
    '/sys/fs/cgroup/cpu.max': '150000 100000\n',
    '/sys/fs/cgroup/cpu.stat':
      'usage_usec 1000\nnr_periods 400\nnr_throttled 100\nthrottled_usec 2500000\nnr_bursts 0\n',
    '/sys/fs/cgroup/memory.max': '536870912\n',
    '/sys/fs/cgroup/cgroup.events': 'populated 1\nfrozen 0\n',
    '/sys/fs/cgroup/cpu.pressure': pressure(700, 300),
    '/sys/fs/cgroup/memory.pressure': pressure(20, 10),
    '/sys/fs/cgroup/io.pressure': pressure(0, 0),
    ...changes,
  });
}

/** Control groups v1, the limit set by the parent: nanoseconds, and no pressure by group. */
export function nestedV1(changes: Contents = {}): FakeFiles {
  const cpu = '/sys/fs/cgroup/cpu,cpuacct';
  const memory = '/sys/fs/cgroup/memory';
  return fakeFiles({
    ...kernel(),
    '/proc/cpuinfo': xeonCpuInfo(8),
    '/proc/self/status': 'Cpus_allowed_list:\t0-7\n',
    '/proc/self/cgroup':
      '5:memory:/kubepods/pod1/c1\n4:cpu,cpuacct:/kubepods/pod1/c1\n1:name=systemd:/\n0::/\n',
    '/proc/1/cgroup': '4:cpu,cpuacct:/kubepods/pod1/c1\n',
    [`${cpu}/cpu.stat`]: 'nr_periods 0\nnr_throttled 0\nthrottled_time 0\n',
    [`${cpu}/kubepods/pod1/cpu.stat`]: 'nr_periods 50\nnr_throttled 7\nthrottled_time 9000000\n',
    [`${cpu}/kubepods/pod1/cpu.cfs_quota_us`]: '400000\n',
    [`${cpu}/kubepods/pod1/cpu.cfs_period_us`]: '100000\n',
    [`${cpu}/kubepods/pod1/c1/cpu.stat`]: 'nr_periods 10\nnr_throttled 1\nthrottled_time 500000\n',
    [`${cpu}/kubepods/pod1/c1/cpu.cfs_quota_us`]: '-1\n',
    [`${cpu}/kubepods/pod1/c1/cpu.cfs_period_us`]: '100000\n',
    [`${memory}/memory.limit_in_bytes`]: '9223372036854771712\n',
    [`${memory}/kubepods/pod1/memory.limit_in_bytes`]: '1073741824\n',
    [`${memory}/kubepods/pod1/c1/memory.limit_in_bytes`]: '9223372036854771712\n',
    ...changes,
  });
}

/** The same files as the Intel machine, where a profile of the kernel refuses most. */
export function refusing(): FakeFiles {
  const refused = { state: 'refused' } as const;
  return bareMetalIntel({
    '/proc/pressure/cpu': refused,
    '/proc/pressure/memory': { state: 'failed', reason: 'EOPNOTSUPP: operation not supported' },
    '/proc/stat': refused,
    '/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor': refused,
    '/sys/devices/system/cpu/cpu2/cpufreq/scaling_governor': refused,
    '/sys/devices/system/cpu/intel_pstate/no_turbo': refused,
    '/proc/loadavg': 'not three numbers\n',
    '/sys/class/hwmon/hwmon3/temp1_input': { state: 'failed', reason: 'EIO: i/o error' },
    '/sys/class/hwmon/hwmon3/temp2_input': '-273000\n',
  });
}

/** Of PSI, as the kernel writes it (Documentation/accounting/psi.rst). */
export function pressure(someUs: number, fullUs: number): string {
  return (
    `some avg10=0.00 avg60=0.12 avg300=1.26 total=${someUs}\n` +
    `full avg10=0.00 avg60=0.00 avg300=0.00 total=${fullUs}\n`
  );
}

/** The parts that every Linux has. Ticks: total 10000, busy 3900 of them, steal 100. */
function kernel(): Contents {
  return {
    '/proc/stat':
      'cpu  2000 100 1500 6000 100 50 150 100 40 0\ncpu0 1000 50 750 3000 50 25 75 50 20 0\nintr 1\n',
    '/proc/loadavg': '0.25 1.50 2.00 1/88 9743\n',
    '/proc/meminfo':
      'MemTotal:       32465120 kB\nSwapTotal:       2097152 kB\nSwapFree:        2096128 kB\n',
    '/proc/pressure/cpu': pressure(1_804_589_527, 0),
    '/proc/pressure/memory': pressure(40, 30),
    '/proc/pressure/io': pressure(32_391_154, 20_104_972),
  };
}

function frequency(core: number, governor: string, kilohertz: string): Contents {
  const folder = `/sys/devices/system/cpu/cpu${core}/cpufreq`;
  return {
    [`${folder}/scaling_governor`]: `${governor}\n`,
    [`${folder}/scaling_driver`]: 'intel_pstate\n',
    [`${folder}/scaling_cur_freq`]: `${kilohertz}\n`,
  };
}

function throttles(core: number, ofCore: number, ofPackage: number): Contents {
  const folder = `/sys/devices/system/cpu/cpu${core}/thermal_throttle`;
  return {
    [`${folder}/core_throttle_count`]: `${ofCore}\n`,
    [`${folder}/package_throttle_count`]: `${ofPackage}\n`,
  };
}
