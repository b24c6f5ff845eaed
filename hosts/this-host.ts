import { hostname, platform, release, totalmem, version } from 'node:os';
import { sha256 } from '../engine/base/files.ts';
import { describeCpu } from '../engine/devices/cpu.ts';
import type { SystemFiles } from '../engine/devices/system-files.ts';
import { usableCores } from '../engine/devices/usable-cores.ts';
import type { HostProfile } from './host-profile.ts';

/** Describes the machine behind `files`; O(1), reads a handful of small files. */
export function describeHost(files: SystemFiles): HostProfile {
  const cpu = describeCpu(files);
  const memoryBytes = memoryTotalBytes(files);
  const identity = {
    cpu: cpu.model,
    architecture: cpu.architecture,
    isa: cpu.isa,
    cores: cpu.cores,
    // Firmware reserves a varying few MiB: a kernel upgrade must not make a new host.
    memoryGiB: Math.round(memoryBytes / 2 ** 30),
    machine: files.read('/etc/machine-id')?.trim() ?? '',
  };
  return {
    key: sha256(JSON.stringify(identity)).slice(0, 16),
    name: hostname(),
    cpu: cpu.model,
    architecture: cpu.architecture,
    isa: [...cpu.isa],
    cores: cpu.cores,
    usableCores: usableCores(files),
    memoryBytes,
    os: distribution(files) ?? version(),
    kernel: `${platform()} ${release()}`,
  };
}

function memoryTotalBytes(files: SystemFiles): number {
  const kib = /^MemTotal:\s+(\d+) kB$/m.exec(files.read('/proc/meminfo') ?? '')?.[1];
  return kib === undefined ? totalmem() : Number(kib) * 1024;
}

function distribution(files: SystemFiles): string | undefined {
  return /^PRETTY_NAME="?([^"\n]+)"?$/m.exec(files.read('/etc/os-release') ?? '')?.[1];
}
