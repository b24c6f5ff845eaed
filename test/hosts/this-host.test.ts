import { hostname, release, totalmem } from 'node:os';
import { describe, expect, it } from 'vitest';
import { systemFiles } from '../../engine/devices/system-files.ts';
import { hostProfileSchema, type HostProfile } from '../../hosts/host-profile.ts';
import { describeHost } from '../../hosts/this-host.ts';
import { gravitonCpuInfo, xeonCpuInfo } from '../support/cpu-info.ts';
import { fakeFiles } from '../support/fake-files.ts';

const MACHINE: Readonly<Record<string, string>> = {
  '/proc/cpuinfo': xeonCpuInfo(8),
  '/proc/meminfo': 'MemTotal:       32465120 kB\nMemFree:        1234 kB\n',
  '/proc/self/status': 'Cpus_allowed_list:\t0-7\n',
  '/etc/machine-id': '5f7f5e1a6b0f4c0f8f1e2d3c4b5a6978\n',
  '/etc/os-release': 'NAME="Debian"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n',
};

function hostWith(changes: Readonly<Record<string, string>> = {}): HostProfile {
  return describeHost(fakeFiles({ ...MACHINE, ...changes }));
}

describe('describeHost', () => {
  it('says what the machine is', () => {
    const host = hostWith();
    expect(hostProfileSchema.parse(host)).toEqual(host);
    expect(host).toMatchObject({
      name: hostname(),
      cpu: 'Intel(R) Xeon(R) Platinum 8488C',
      cores: 8,
      usableCores: 8,
      memoryBytes: 32_465_120 * 1024,
      os: 'Debian GNU/Linux 12 (bookworm)',
    });
    expect(host.isa).toContain('avx512_vnni');
    expect(host.kernel).toContain(release());
    expect(host.key).toMatch(/^[0-9a-f]{16}$/);
  });

  it('describes this machine, twice the same', () => {
    const host = describeHost(systemFiles());
    expect(hostProfileSchema.parse(host)).toEqual(host);
    expect(host.usableCores).toBeGreaterThanOrEqual(1);
    expect(host.memoryBytes).toBeGreaterThan(0);
    expect(describeHost(systemFiles())).toEqual(host);
  });

  it('reads a name without quotes', () => {
    expect(hostWith({ '/etc/os-release': 'PRETTY_NAME=Alpine\n' }).os).toBe('Alpine');
  });

  it('asks Node where the system has no such files', () => {
    const host = describeHost(fakeFiles({}));
    expect(host.memoryBytes).toBe(totalmem());
    expect(host.os).not.toBe('');
  });
});

describe('the key of a host', () => {
  const key = hostWith().key;

  it.each([
    ['frequency', { '/proc/cpuinfo': xeonCpuInfo(8, { mhz: '3799.998' }) }],
    ['bogomips', { '/proc/cpuinfo': xeonCpuInfo(8, { bogomips: '4799.91' }) }],
    ['operating system', { '/etc/os-release': 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\n' }],
    ['memory that firmware and kernel reserve', { '/proc/meminfo': 'MemTotal: 32461004 kB\n' }],
    ['affinity', { '/proc/self/status': 'Cpus_allowed_list:\t0-3\n' }],
    ['quota', { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': '200000 100000\n' }],
    ['end of the identifier', { '/etc/machine-id': '5f7f5e1a6b0f4c0f8f1e2d3c4b5a6978' }],
  ])('stays when the %s changes', (_what, changes) => {
    expect(hostWith(changes).key).toBe(key);
  });

  it.each([
    ['CPU model', { '/proc/cpuinfo': xeonCpuInfo(8, { model: 'AMD EPYC 9R14' }) }],
    ['number of cores', { '/proc/cpuinfo': xeonCpuInfo(4) }],
    ['instruction sets', { '/proc/cpuinfo': xeonCpuInfo(8).replaceAll(' avx512_vnni', '') }],
    ['CPU as a whole', { '/proc/cpuinfo': gravitonCpuInfo(8) }],
    ['memory', { '/proc/meminfo': 'MemTotal: 65230240 kB\n' }],
    ['machine behind the same parts', { '/etc/machine-id': '00000000000000000000000000000001\n' }],
  ])('changes with the %s', (_what, changes) => {
    expect(hostWith(changes).key).not.toBe(key);
  });
});
