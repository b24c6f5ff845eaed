import type { SystemFiles } from '../../engine/devices/system-files.ts';
import { openSensor } from './open-sensor.ts';
import type { FoundSensors, PowerContext, PowerScope, PowerSensor } from './power-sensor.ts';
import { readLabel, readNumber } from './sensor-file.ts';

interface Zone {
  readonly folder: string;
  readonly id: string;
  readonly scope: PowerScope;
}

const ROOT = '/sys/class/powercap';
const KIND = 'rapl';

/**
 * The counters of Intel's and AMD's processors (Linux: power/powercap/powercap).
 * psys (the platform) contains the packages, and a package its core and uncore,
 * which are left out. A server's dram is not part of its package and stands for
 * itself. Whoever picks a figure takes psys or the packages, never their sum.
 */
export function findRapl({ files, clock }: PowerContext): FoundSensors {
  const zones = findZones(files);
  const packages = zones.filter(({ scope }) => scope === 'package');
  const refused = zones.flatMap((zone) => {
    const energy = readNumber(files, `${zone.folder}/energy_uj`);
    return energy.state === 'unavailable' ? [{ zone, kind: KIND, reason: energy.reason }] : [];
  });
  // One socket of two would pass for the machine: all packages or none.
  const isPartial = refused.some(({ zone }) => packages.includes(zone));
  const readable = zones
    .filter((zone) => !refused.some((one) => one.zone === zone))
    .filter(({ scope }) => !(isPartial && scope === 'package'));
  const none = zones.length === 0 ? [{ kind: KIND, reason: `${ROOT} has no intel-rapl zone` }] : [];
  return {
    sensors: readable.map((zone) => openZone(zone, files, clock)),
    unavailable: [...none, ...refused.map(({ kind, reason }) => ({ kind, reason }))],
  };
}

function openZone(zone: Zone, files: SystemFiles, clock: PowerContext['clock']): PowerSensor {
  const range = readNumber(files, `${zone.folder}/max_energy_range_uj`);
  const source = {
    id: zone.id,
    kind: KIND,
    scope: zone.scope,
    quality: 'counter' as const,
    // The counter moves about once a millisecond; 1 to 10 Hz keeps reading it cheap.
    intervalMs: 100,
    leastPeriodMs: 1000,
    rangeJ: range.state === 'number' ? range.value / 1e6 : null,
    sample: () => {
      const energy = readNumber(files, `${zone.folder}/energy_uj`);
      return energy.state === 'number'
        ? { state: 'counter' as const, joules: energy.value / 1e6 }
        : energy;
    },
  };
  return openSensor(source, clock);
}

/** Top zones, and the dram below them. */
function findZones(files: SystemFiles): Zone[] {
  const names = files.list(ROOT);
  const prefix = controlType(names);
  const zones = names.flatMap((name) => {
    const [type, top, sub, ...deeper] = name.split(':');
    if (type !== prefix || top === undefined || deeper.length > 0) return [];
    return sub === undefined ? topZone(files, name) : dramZone(files, name, `${type}:${top}`);
  });
  return [...new Map(zones.map((zone) => [zone.id, zone])).values()];
}

/** Laptops show the same package again through MMIO: it is used where there is nothing else. */
function controlType(names: readonly string[]): string {
  return names.some((name) => name.startsWith('intel-rapl:')) ? 'intel-rapl' : 'intel-rapl-mmio';
}

function topZone(files: SystemFiles, folderName: string): Zone[] {
  const folder = `${ROOT}/${folderName}`;
  const name = readLabel(files, `${folder}/name`);
  if (name === 'psys') return [{ folder, id: 'rapl:psys', scope: 'board' }];
  return name.startsWith('package') ? [{ folder, id: `rapl:${name}`, scope: 'package' }] : [];
}

function dramZone(files: SystemFiles, folderName: string, parent: string): Zone[] {
  const folder = `${ROOT}/${folderName}`;
  if (readLabel(files, `${folder}/name`) !== 'dram') return [];
  const owner = readLabel(files, `${ROOT}/${parent}/name`);
  return [{ folder, id: `rapl:${owner}/dram`, scope: 'memory' }];
}
