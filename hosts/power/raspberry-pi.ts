import { commandText } from './command-text.ts';
import { openSensor, type Sample, unavailable } from './open-sensor.ts';
import type { FoundSensors, PowerContext } from './power-sensor.ts';
import { readLabel } from './sensor-file.ts';

const KIND = 'raspberry-pi-5';
const COMMAND = 'vcgencmd';
const TIMEOUT_MS = 2000;
const MODEL_PATH = '/proc/device-tree/model';

/**
 * The power chip of a Raspberry Pi 5 or a Compute Module 5. The sum of its rails is
 * less than what the supply gives: USB devices and the chip's own losses are not in it.
 */
export function findRaspberryPi(context: PowerContext): FoundSensors {
  // Device-tree texts end with a NUL.
  const model = readLabel(context.files, MODEL_PATH).replaceAll('\0', '');
  if (!/^Raspberry Pi (5|500|Compute Module 5)/.test(model)) {
    const reason =
      model === '' ? 'this is no Raspberry Pi' : `${model} does not measure its current`;
    return { sensors: [], unavailable: [{ kind: KIND, reason }] };
  }
  const source = {
    id: 'raspberry-pi-5:rails',
    kind: KIND,
    scope: 'board' as const,
    quality: 'sampled' as const,
    // Each reading starts a process.
    intervalMs: 500,
    leastPeriodMs: 5000,
    sample: async (signal?: AbortSignal): Promise<Sample> => {
      const limits = { timeoutMs: TIMEOUT_MS, ...(signal === undefined ? {} : { signal }) };
      const output = commandText(COMMAND, await context.run(COMMAND, ['pmic_read_adc'], limits));
      return output.state === 'text' ? sumRails(output.text) : output;
    },
  };
  return { sensors: [openSensor(source, context.clock)], unavailable: [] };
}

/**
 * Lines such as `VDD_CORE_A current(7)=0.62A` and `VDD_CORE_V volt(15)=0.72V`. A
 * voltage without a current (the input EXT5V, the clock's battery) tells no power.
 */
function sumRails(text: string): Sample {
  const currents = channels(text, /^\s*(\S+)_A\s+current\(\d+\)=(\d+(?:\.\d+)?)A\s*$/gm);
  const voltages = channels(text, /^\s*(\S+)_V\s+volt\(\d+\)=(\d+(?:\.\d+)?)V\s*$/gm);
  if (currents.size === 0) return unavailable(`${COMMAND} pmic_read_adc shows no current`);
  let watts = 0;
  for (const [rail, amperes] of currents) {
    const volts = voltages.get(rail);
    if (volts === undefined) return unavailable(`${COMMAND} shows no voltage for rail ${rail}`);
    watts += volts * amperes;
  }
  return { state: 'power', watts };
}

function channels(text: string, line: RegExp): Map<string, number> {
  return new Map([...text.matchAll(line)].map(([, rail = '', value]) => [rail, Number(value)]));
}
