import type { SystemFiles } from '../../engine/devices/system-files.ts';
import type { HostEnvironment } from './environment-record.ts';
import { known, mapKnown, unavailable, type Known } from './known.ts';
import { parseCount, readEach, readKnown } from './read-known.ts';

/** Times that heat slowed cores or packages down; Intel alone counts them. */
export function readThermalThrottles(files: SystemFiles): Known<number> {
  const base = '/sys/devices/system/cpu';
  const paths = files
    .list(base)
    .filter((name) => /^cpu\d+$/.test(name))
    .flatMap((name) =>
      ['core', 'package'].map((part) => `${base}/${name}/thermal_throttle/${part}_throttle_count`),
    );
  const absent = 'no throttle counters: only Intel processors on bare metal have them';
  const counts = readEach(files, paths, { absent, parse: parseCount });
  return mapKnown(counts, (all) => all.reduce((sum, count) => sum + count, 0));
}

interface Temperature {
  readonly name: string;
  readonly celsius: number;
}

/** The hottest sensor of the processor, or of the machine where none is known to be its. */
export function readHottest(files: SystemFiles): HostEnvironment['hottest'] {
  const chips = chipTemperatures(files);
  const zones = zoneTemperatures(files);
  const ofCpu = [...chips, ...zones.filter(({ name }) => CPU_ZONE.test(name))];
  const [first, ...rest] = ofCpu.length > 0 ? ofCpu : zones;
  if (first === undefined) {
    const isListed = [...files.list(ZONES), ...files.list(CHIPS)].length > 0;
    return unavailable(
      isListed
        ? 'none of the temperature sensors is the processor’s and can be read'
        : 'no temperature sensor in /sys: virtual machines are shown none',
    );
  }
  return known(rest.reduce((top, one) => (one.celsius > top.celsius ? one : top), first));
}

const ZONES = '/sys/class/thermal';
const CHIPS = '/sys/class/hwmon';
const CPU_ZONE = /cpu|pkg|soc|core/i;
const CPU_CHIP = /^(coretemp|k10temp|zenpower|cpu_thermal)$/;

function zoneTemperatures(files: SystemFiles): Temperature[] {
  return files
    .list(ZONES)
    .filter((name) => name.startsWith('thermal_zone'))
    .flatMap((zone) => {
      const name = files.read(`${ZONES}/${zone}/type`)?.trim() ?? zone;
      return temperatureOf(files, { name, path: `${ZONES}/${zone}/temp` });
    });
}

/** Chips are found by name: their numbers change from start to start. */
function chipTemperatures(files: SystemFiles): Temperature[] {
  return files.list(CHIPS).flatMap((folder) => {
    const base = `${CHIPS}/${folder}`;
    const chip = files.read(`${base}/name`)?.trim() ?? '';
    if (!CPU_CHIP.test(chip)) return [];
    const inputs = files.list(base).filter((name) => /^temp\d+_input$/.test(name));
    const labelled = inputs.flatMap((input) => {
      const label = files.read(`${base}/${input.replace('_input', '_label')}`)?.trim();
      const name = label === undefined ? chip : `${chip} ${label}`;
      return temperatureOf(files, { name, path: `${base}/${input}` });
    });
    // Tctl is Tdie plus an offset of up to 27 degrees on some parts (Documentation/hwmon/k10temp.rst).
    const hasDie = labelled.some(({ name }) => name.endsWith(' Tdie'));
    return hasDie ? labelled.filter(({ name }) => !name.endsWith(' Tctl')) : labelled;
  });
}

/** Sensors that sleep fail to be read, and unconnected ones say -273 or 32767 degrees. */
function temperatureOf(
  files: SystemFiles,
  { name, path }: { readonly name: string; readonly path: string },
): Temperature[] {
  const celsius = readKnown(files, path, {
    absent: 'absent',
    parse: (text) => (/^-?\d+$/.test(text) ? Number(text) / 1000 : null),
  });
  const isPlausible = celsius.state === 'known' && celsius.value > -50 && celsius.value < 150;
  return isPlausible ? [{ name, celsius: celsius.value }] : [];
}
