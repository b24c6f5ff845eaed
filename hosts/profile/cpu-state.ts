import type { SystemFiles } from '../../engine/devices/system-files.ts';
import type { CpuState } from './environment-record.ts';
import { known, mapKnown, unavailable, type Known } from './known.ts';
import { parseCount, parseSwitch, parseText, readEach, readKnown } from './read-known.ts';

const SYSTEM = '/sys/devices/system';
const NO_CPUFREQ = 'no cpufreq: the machine is virtual, or the driver is not loaded';
const NO_SYS = 'the system does not list its cores in /sys';

/** What the processor is set to, for the cores that this process may use. */
export function readCpuState(files: SystemFiles): CpuState {
  const affinity = readAffinity(files);
  const cores = coresOf(files, affinity);
  const perCore = <T>(name: string, parse: (text: string) => T | null): Known<readonly T[]> =>
    readEach(
      files,
      cores.map((core) => `${SYSTEM}/cpu/cpu${core}/cpufreq/${name}`),
      { absent: NO_CPUFREQ, parse },
    );
  const list = (name: string): Known<string> =>
    readKnown(files, `${SYSTEM}/cpu/${name}`, { absent: NO_SYS, parse: (text) => text });
  return {
    microcode: readMicrocode(files),
    governor: mapKnown(perCore('scaling_governor', parseText), oneOrMixed),
    scalingDriver: mapKnown(perCore('scaling_driver', parseText), oneOrMixed),
    frequenciesMhz: mapKnown(perCore('scaling_cur_freq', parseCount), (all) =>
      all.map((kilohertz) => kilohertz / 1000),
    ),
    boost: readBoost(files),
    smt: readKnown(files, `${SYSTEM}/cpu/smt/active`, { absent: NO_SYS, parse: parseSwitch }),
    numaNodes: readNumaNodes(files),
    onlineCores: list('online'),
    isolatedCores: list('isolated'),
    affinity,
  };
}

function readAffinity(files: SystemFiles): Known<string> {
  return readKnown(files, '/proc/self/status', {
    absent: 'the system has no /proc',
    parse: (text) => /^Cpus_allowed_list:\s*(\S+)$/m.exec(text)?.[1] ?? null,
  });
}

/** Numbers of the usable cores; all of the machine where the mask is not known. */
function coresOf(files: SystemFiles, affinity: Known<string>): number[] {
  if (affinity.state === 'known') return expandList(affinity.value);
  return files
    .list(`${SYSTEM}/cpu`)
    .flatMap((name) => /^cpu(\d+)$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((left, right) => left - right);
}

/** `0-2,8` as 0, 1, 2, 8. */
export function expandList(list: string): number[] {
  return list.split(',').flatMap((range) => {
    const [first, last] = range.split('-').map(Number);
    if (first === undefined || !Number.isInteger(first)) return [];
    return Array.from({ length: (last ?? first) - first + 1 }, (_, index) => first + index);
  });
}

function oneOrMixed(values: readonly string[]): string {
  const distinct = [...new Set(values)].sort();
  return distinct.length === 1 ? distinct.join() : `mixed: ${distinct.join(', ')}`;
}

function readMicrocode(files: SystemFiles): Known<string> {
  const info = files.probe('/proc/cpuinfo');
  if (info.state === 'read' && !/^microcode\s*:/m.test(info.text)) {
    return unavailable('this processor does not tell its microcode');
  }
  return readKnown(files, '/proc/cpuinfo', {
    absent: 'the system has no /proc',
    parse: (text) => /^microcode\s*:\s*(\S+)$/m.exec(text)?.[1] ?? null,
  });
}

/** Intel's own driver says whether turbo is off, all others whether boost is on. */
function readBoost(files: SystemFiles): Known<boolean> {
  const noTurbo = readKnown(files, `${SYSTEM}/cpu/intel_pstate/no_turbo`, {
    absent: NO_CPUFREQ,
    parse: parseSwitch,
  });
  if (noTurbo.state === 'known') return known(!noTurbo.value);
  const boost = readKnown(files, `${SYSTEM}/cpu/cpufreq/boost`, {
    absent: NO_CPUFREQ,
    parse: parseSwitch,
  });
  return boost.state === 'known' || noTurbo.reason === NO_CPUFREQ ? boost : noTurbo;
}

function readNumaNodes(files: SystemFiles): Known<number> {
  const nodes = files.list(`${SYSTEM}/node`).filter((name) => /^node\d+$/.test(name));
  return nodes.length === 0
    ? unavailable('the system does not list its memory nodes')
    : known(nodes.length);
}
