import { findBattery } from '../../../hosts/power/battery.ts';
import { findEstimate } from '../../../hosts/power/estimate.ts';
import { findHwmon } from '../../../hosts/power/hwmon.ts';
import { findJetson } from '../../../hosts/power/jetson.ts';
import { findNvidia } from '../../../hosts/power/nvidia.ts';
import type { FoundSensors, PowerSensor } from '../../../hosts/power/power-sensor.ts';
import { findRapl } from '../../../hosts/power/rapl.ts';
import { findRaspberryPi } from '../../../hosts/power/raspberry-pi.ts';
import type { FakeFile } from '../../support/fake-files.ts';
import {
  exited,
  fakePowerContext,
  type FakePowerContext,
  printed,
} from '../../support/power-context.ts';
import { describeSensor, type SensorFixture } from './sensor-conformance.ts';

const ZONE = '/sys/class/powercap/intel-rapl:0';
const HWMON = '/sys/class/hwmon/hwmon4';
const IIO = '/sys/bus/iio/devices/iio:device0';
const BATTERY = '/sys/class/power_supply/BAT0';

describeSensor('RAPL', {
  // 2.5 J in 0.1 s: 25 W. The counter wraps at 100 J, between the second tick and the third.
  open: () =>
    fileFixture(`${ZONE}/energy_uj`, {
      files: {
        [`${ZONE}/name`]: 'package-0\n',
        [`${ZONE}/max_energy_range_uj`]: '100000000\n',
        [`${ZONE}/energy_uj`]: '93000000\n',
      },
      find: findRapl,
      texts: ['95000000\n', '97500000\n', '0\n', '2500000\n'],
    }),
  tickMs: 100,
  perTick: 2.5,
  refusal: /root only.*chmod a\+r.*udev/,
});

describeSensor('amdgpu', {
  open: () =>
    fileFixture(`${HWMON}/power1_average`, {
      files: { [`${HWMON}/name`]: 'amdgpu\n', [`${HWMON}/power1_average`]: '1\n' },
      find: findHwmon,
      texts: ['87250000\n'],
    }),
  tickMs: 200,
  perTick: 87.25,
  refusal: /root only.*chmod/,
});

describeSensor('i915, whose register wraps', {
  // 2^32 steps of 2^-14 J are 262144 J: from 262140 J on to 2 J are 6 J.
  open: () =>
    fileFixture(`${HWMON}/energy1_input`, {
      files: { [`${HWMON}/name`]: 'i915\n', [`${HWMON}/energy1_input`]: '1\n' },
      find: findHwmon,
      texts: ['262134000000\n', '262140000000\n', '2000000\n'],
    }),
  tickMs: 200,
  perTick: 6,
  refusal: /root only/,
});

describeSensor('Jetson, hwmon', {
  // 5000 mV x 1840 mA = 9.2 W
  open: () =>
    fileFixture(`${HWMON}/curr1_input`, {
      files: {
        [`${HWMON}/name`]: 'ina3221\n',
        [`${HWMON}/in1_label`]: 'VDD_IN\n',
        [`${HWMON}/in1_input`]: '5000\n',
        [`${HWMON}/curr1_input`]: '1\n',
      },
      find: findJetson,
      texts: ['1840\n'],
    }),
  tickMs: 200,
  perTick: 9.2,
  refusal: /root only/,
});

describeSensor('Jetson, iio', {
  open: () =>
    fileFixture(`${IIO}/in_power0_input`, {
      files: { [`${IIO}/rail_name_0`]: 'POM_5V_IN\n', [`${IIO}/in_power0_input`]: '1\n' },
      find: findJetson,
      texts: ['3471\n'],
    }),
  tickMs: 200,
  perTick: 3.471,
  refusal: /root only/,
});

describeSensor('battery with power_now', {
  open: () =>
    fileFixture(`${BATTERY}/power_now`, {
      files: { [`${BATTERY}/status`]: 'Discharging\n', [`${BATTERY}/power_now`]: '1\n' },
      find: findBattery,
      texts: ['12500000\n'],
    }),
  tickMs: 1000,
  perTick: 12.5,
  refusal: /root only/,
});

describeSensor('battery with current and voltage', {
  // 1.2 A x 11.5 V = 13.8 W
  open: () =>
    fileFixture(`${BATTERY}/current_now`, {
      files: {
        [`${BATTERY}/status`]: 'Discharging\n',
        [`${BATTERY}/current_now`]: '1\n',
        [`${BATTERY}/voltage_now`]: '11500000\n',
      },
      find: findBattery,
      texts: ['1200000\n'],
    }),
  tickMs: 1000,
  perTick: 13.8,
  refusal: /root only/,
});

describeSensor('estimate', {
  // Of 100 ticks 50 are busy: 65 W x (0.1 + 0.9 x 0.125) = 13.8125 W
  open: () =>
    fileFixture('/proc/stat', {
      files: { '/proc/stat': 'cpu  0 0 0 0 0 0 0 0 0 0\n' },
      find: (context) => findEstimate(context, { tdpWatts: 65 }),
      texts: [1, 2, 3, 4].map((n) => `cpu  ${40 * n} 0 ${10 * n} ${45 * n} ${5 * n} 0 0 0 0 0\n`),
    }),
  tickMs: 1000,
  perTick: 13.8125,
  refusal: /tells no load/,
});

describeSensor('NVIDIA', {
  open: () =>
    commandFixture('nvidia-smi', {
      context: fakePowerContext(),
      find: findNvidia,
      text: '0, 71.36, 70.10\n',
      refusal: exited(9, 'NVIDIA-SMI has failed because it could not communicate with the driver.'),
    }),
  tickMs: 1000,
  perTick: 71.36,
  refusal: /nvidia-smi ended with 9: NVIDIA-SMI has failed/,
});

describeSensor('Raspberry Pi 5', {
  // 0.72 V x 1.5 A + 3.3 V x 0.1 A = 1.08 + 0.33
  open: () =>
    commandFixture('vcgencmd', {
      context: fakePowerContext({ '/proc/device-tree/model': 'Raspberry Pi 5 Model B Rev 1.0\0' }),
      find: findRaspberryPi,
      text: [
        '     VDD_CORE_A current(7)=1.50000000A',
        '      3V3_SYS_A current(1)=0.10000000A',
        '     VDD_CORE_V volt(15)=0.72000000V',
        '      3V3_SYS_V volt(9)=3.30000000V',
        '        EXT5V_V volt(24)=5.10000000V',
      ].join('\n'),
      refusal: exited(255, "Can't open device file: /dev/vcio"),
    }),
  tickMs: 500,
  perTick: 1.41,
  refusal: /vcgencmd ended with 255: Can't open/,
});

interface FileMachine {
  readonly files: Readonly<Record<string, FakeFile>>;
  readonly find: (context: FakePowerContext) => FoundSensors;
  /** The file's text at each tick; the last stays. */
  readonly texts: readonly string[];
}

function fileFixture(path: string, { files, find, texts }: FileMachine): SensorFixture {
  const context = fakePowerContext(files);
  let ticks = 0;
  return {
    sensor: only(find(context)),
    clock: context.clock,
    tick: () => context.files.set(path, texts[Math.min(ticks++, texts.length - 1)] ?? ''),
    refuse: () => context.files.set(path, { state: 'refused' }),
    vanish: () => context.files.set(path, { state: 'absent' }),
    babble: () => context.files.set(path, 'much\n'),
  };
}

interface CommandMachine {
  readonly context: FakePowerContext;
  readonly find: (context: FakePowerContext) => FoundSensors | Promise<FoundSensors>;
  readonly text: string;
  readonly refusal: ReturnType<typeof exited>;
}

async function commandFixture(command: string, machine: CommandMachine): Promise<SensorFixture> {
  const { context, text, refusal } = machine;
  context.answers.set(command, printed(text));
  return {
    sensor: only(await machine.find(context)),
    clock: context.clock,
    tick: () => void context.answers.set(command, printed(text)),
    refuse: () => void context.answers.set(command, refusal),
    vanish: () => void context.answers.delete(command),
    babble: () => void context.answers.set(command, printed('0, [N/A], [Unknown Error]\n')),
  };
}

function only({ sensors }: FoundSensors): PowerSensor {
  const [sensor, ...others] = sensors;
  if (sensor === undefined || others.length > 0) throw new Error('expected one sensor');
  return sensor;
}
