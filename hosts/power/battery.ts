import type { SystemFiles } from '../../engine/devices/system-files.ts';
import { openSensor, type Sample, unavailable } from './open-sensor.ts';
import type { FoundSensors, PowerContext } from './power-sensor.ts';
import { type NumberRead, readLabel, readNumber } from './sensor-file.ts';

const ROOT = '/sys/class/power_supply';
const KIND = 'battery';

/**
 * What a laptop draws from its batteries, all of them as one sensor: where there
 * are two, they take turns. On mains the batteries tell nothing about the machine.
 */
export function findBattery({ files, clock }: PowerContext): FoundSensors {
  const batteries = files.list(ROOT).filter((name) => name.startsWith('BAT'));
  if (batteries.length === 0) {
    return { sensors: [], unavailable: [{ kind: KIND, reason: 'this machine has no battery' }] };
  }
  const source = {
    id: `battery:${batteries.join('+')}`,
    kind: KIND,
    scope: 'battery' as const,
    quality: 'sampled' as const,
    // The firmware of most batteries updates its figure every few seconds.
    intervalMs: 1000,
    leastPeriodMs: 60_000,
    sample: () => sumBatteries(files, batteries),
  };
  return { sensors: [openSensor(source, clock)], unavailable: [] };
}

function sumBatteries(files: SystemFiles, batteries: readonly string[]): Sample {
  const states = batteries.map((name) => ({
    folder: `${ROOT}/${name}`,
    status: readLabel(files, `${ROOT}/${name}/status`) || 'gone',
  }));
  const draining = states.filter(({ status }) => status === 'Discharging');
  // One that charges means that the mains feeds the machine.
  const isFed = states.some(({ status }) => status === 'Charging' || status === 'gone');
  if (draining.length === 0 || isFed) {
    const words = states.map(({ status }) => status).join(', ');
    return unavailable(`the battery tells only while it is discharging; it is: ${words}`);
  }
  let watts = 0;
  for (const { folder } of draining) {
    const power = batteryWatts(files, folder);
    if (power.state === 'unavailable') return power;
    watts += power.value;
  }
  return { state: 'power', watts };
}

/** uW, or uA times uV. Some drivers give what flows out a minus sign. */
function batteryWatts(files: SystemFiles, folder: string): NumberRead {
  if (files.probe(`${folder}/power_now`).state !== 'absent') {
    const power = readNumber(files, `${folder}/power_now`);
    return power.state === 'number' ? { ...power, value: Math.abs(power.value) / 1e6 } : power;
  }
  const current = readNumber(files, `${folder}/current_now`);
  if (current.state === 'unavailable') return current;
  const voltage = readNumber(files, `${folder}/voltage_now`);
  if (voltage.state === 'unavailable') return voltage;
  return { state: 'number', value: (Math.abs(current.value) / 1e6) * (voltage.value / 1e6) };
}
