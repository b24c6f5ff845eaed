import type { SystemFiles } from '../../engine/devices/system-files.ts';
import { hwmonFolders } from './hwmon-folders.ts';
import { openSensor, type Sample } from './open-sensor.ts';
import type { FoundSensors, PowerContext } from './power-sensor.ts';
import { readLabel, readNumber } from './sensor-file.ts';

interface Rail {
  readonly name: string;
  sample(): Sample;
}

const KIND = 'jetson';
const IIO_ROOT = '/sys/bus/iio/devices';

/**
 * The rail that feeds the module, by its name on the various boards. The others lie
 * behind it or beside it: adding them up would count some power twice. An AGX has
 * no such rail, and so no figure.
 */
const TOTALS: readonly string[] = Object.freeze(['VDD_IN', 'POM_5V_IN', '5V_IN']);

/** The INA3221 monitors of NVIDIA's Jetson modules, in both layouts that JetPack has had. */
export function findJetson({ files, clock }: PowerContext): FoundSensors {
  const rails = [...hwmonRails(files), ...iioRails(files)];
  const total = rails.find(({ name }) => TOTALS.includes(name));
  if (total === undefined) {
    const names = rails.map(({ name }) => name).join(', ');
    const reason =
      rails.length === 0
        ? 'no INA3221 monitor with labels'
        : `none of ${TOTALS.join(', ')} among the rails ${names}; rails are not added up`;
    return { sensors: [], unavailable: [{ kind: KIND, reason }] };
  }
  const source = {
    id: `jetson:${total.name}`,
    kind: KIND,
    scope: 'board' as const,
    quality: 'sampled' as const,
    intervalMs: 200,
    leastPeriodMs: 2000,
    sample: () => total.sample(),
  };
  return { sensors: [openSensor(source, clock)], unavailable: [] };
}

/** JetPack 5 and later: `inN_input` in mV times `currN_input` in mA (Linux: hwmon/ina3221). */
function hwmonRails(files: SystemFiles): Rail[] {
  return hwmonFolders(files)
    .filter(({ name }) => name === 'ina3221')
    .flatMap(({ path }) =>
      // in4 to in7 are shunt voltages.
      [1, 2, 3].map((channel) => ({
        name: readLabel(files, `${path}/in${channel}_label`),
        sample: () => product(files, `${path}/in${channel}_input`, `${path}/curr${channel}_input`),
      })),
    )
    .filter(({ name }) => name !== '');
}

function product(files: SystemFiles, voltagePath: string, currentPath: string): Sample {
  const voltage = readNumber(files, voltagePath);
  if (voltage.state === 'unavailable') return voltage;
  const current = readNumber(files, currentPath);
  if (current.state === 'unavailable') return current;
  return { state: 'power', watts: (voltage.value / 1e3) * (current.value / 1e3) };
}

/** JetPack 4 and before: `in_powerN_input` in mW beside `rail_name_N`. */
function iioRails(files: SystemFiles): Rail[] {
  return files
    .list(IIO_ROOT)
    .flatMap((device) =>
      [0, 1, 2].map((channel) => ({
        name: readLabel(files, `${IIO_ROOT}/${device}/rail_name_${channel}`),
        sample: () => milliwatts(files, `${IIO_ROOT}/${device}/in_power${channel}_input`),
      })),
    )
    .filter(({ name }) => name !== '');
}

function milliwatts(files: SystemFiles, path: string): Sample {
  const power = readNumber(files, path);
  return power.state === 'number' ? { state: 'power', watts: power.value / 1e3 } : power;
}
