import { describe, expect, it } from 'vitest';
import { findBattery } from '../../../hosts/power/battery.ts';
import { findHwmon } from '../../../hosts/power/hwmon.ts';
import { findJetson } from '../../../hosts/power/jetson.ts';
import { findNvidia } from '../../../hosts/power/nvidia.ts';
import type { FoundSensors, PowerReading } from '../../../hosts/power/power-sensor.ts';
import { findRaspberryPi } from '../../../hosts/power/raspberry-pi.ts';
import type { FakeFile } from '../../support/fake-files.ts';
import { exited, fakePowerContext, printed } from '../../support/power-context.ts';

const HWMON = '/sys/class/hwmon';
const SUPPLY = '/sys/class/power_supply';
const WITH_AVERAGE =
  'nvidia-smi --query-gpu=index,power.draw.average,power.draw --format=csv,noheader,nounits';
const WITHOUT = 'nvidia-smi --query-gpu=index,power.draw --format=csv,noheader,nounits';

describe('hwmon', () => {
  it('knows chips by name, takes the card before its package, and leaves rails alone', () => {
    const context = fakePowerContext({
      [`${HWMON}/hwmon0/name`]: 'ina3221\n',
      [`${HWMON}/hwmon0/power1_input`]: '9000000\n',
      [`${HWMON}/hwmon1/name`]: 'xe\n',
      [`${HWMON}/hwmon1/energy1_input`]: '1\n',
      [`${HWMON}/hwmon1/energy2_input`]: '1\n',
      [`${HWMON}/hwmon1/device/uevent`]: 'DRIVER=xe\nPCI_SLOT_NAME=0000:03:00.0\n',
      [`${HWMON}/hwmon2/name`]: 'constructor\n',
      [`${HWMON}/hwmon3/device/name`]: 'power_meter\n',
      [`${HWMON}/hwmon3/device/power1_average`]: '180000000\n',
      [`${HWMON}/hwmon5/name`]: 'amdgpu\n',
      [`${HWMON}/hwmon5/power1_input`]: '1\n',
    });
    const { sensors } = findHwmon(context);
    expect(sensors.map(({ id, scope, quality }) => [id, scope, quality])).toEqual([
      ['xe:0000:03:00.0', 'gpu', 'counter'],
      ['power_meter:0', 'board', 'sampled'],
      ['amdgpu:0', 'gpu', 'sampled'],
    ]);
  });
  it('reads the power meter of a server in the folder of its device', async () => {
    const found = findHwmon(
      fakePowerContext({
        [`${HWMON}/hwmon3/device/name`]: 'power_meter\n',
        [`${HWMON}/hwmon3/device/power1_average`]: '180000000\n',
      }),
    );
    expect(await readFirst(found)).toMatchObject({ state: 'power', watts: 180 });
  });
  it('says what a known chip lacks, and that none is known', () => {
    const bare = fakePowerContext({ [`${HWMON}/hwmon0/name`]: 'amdgpu\n' });
    expect(findHwmon(bare).unavailable[0]?.reason).toMatch(/amdgpu:0 has none of power1_average/);
    expect(findHwmon(fakePowerContext()).unavailable[0]?.reason).toMatch(/known meaning/);
  });
});

describe('NVIDIA', () => {
  it('tells several cards apart, and takes the average where there is one', async () => {
    const context = fakePowerContext();
    context.answers.set(
      WITH_AVERAGE,
      printed('0, 71.36, 70.00\n1, [N/A], 55.50\n2, [N/A], [N/A]\n'),
    );
    const { sensors, unavailable } = await findNvidia(context);
    expect(sensors.map(({ id }) => id)).toEqual(['nvidia:0', 'nvidia:1']);
    expect(unavailable[0]?.reason).toMatch(/GPU 2 does not report its power: \[N\/A\]/);
    const readings = await Promise.all(sensors.map((sensor) => sensor.read()));
    expect(readings).toMatchObject([{ watts: 71.36 }, { watts: 55.5 }]);
    // Once to find the cards, and once for both readings
    expect(context.lines).toEqual([WITH_AVERAGE, WITH_AVERAGE]);
  });
  it('asks old drivers for what they know', async () => {
    const context = fakePowerContext();
    const words = 'Field "power.draw.average" is not a valid field to query.\n';
    context.answers.set(WITH_AVERAGE, exited(2, words)).set(WITHOUT, printed('0, 120.00\n'));
    expect(await readFirst(await findNvidia(context))).toMatchObject({ watts: 120 });
  });
  it('says that a card fell off the bus', async () => {
    const context = fakePowerContext();
    context.answers.set('nvidia-smi', printed('0, 71.36\n1, 60.00\n'));
    const { sensors } = await findNvidia(context);
    context.answers.set('nvidia-smi', printed('0, 71.36\n'));
    expect(await sensors[1]?.read()).toMatchObject({ reason: 'GPU 1 is no longer listed' });
  });
  it('says that there is no driver, or no card', async () => {
    const context = fakePowerContext();
    expect((await findNvidia(context)).unavailable[0]?.reason).toBe(
      'there is no command nvidia-smi',
    );
    context.answers.set('nvidia-smi', printed('No devices were found\n'));
    expect((await findNvidia(context)).unavailable[0]?.reason).toMatch(/lists no GPU/);
  });
});

describe('Jetson', () => {
  it('does not add rails up where no total is measured', () => {
    const { sensors, unavailable } = findJetson(
      fakePowerContext({
        [`${HWMON}/hwmon1/name`]: 'ina3221\n',
        [`${HWMON}/hwmon1/in1_label`]: 'VDD_GPU_SOC\n',
        [`${HWMON}/hwmon1/in2_label`]: 'VDD_CPU_CV\n',
      }),
    );
    expect(sensors).toEqual([]);
    expect(unavailable[0]?.reason).toMatch(/among the rails VDD_GPU_SOC, VDD_CPU_CV/);
  });
});

describe('the battery', () => {
  it.each(['Charging', 'Full', 'Not charging', 'Unknown'])(
    'tells nothing while %s',
    async (status) => {
      const found = findBattery(fakePowerContext(battery('BAT0', status)));
      expect(await readFirst(found)).toEqual({
        state: 'unavailable',
        reason: `the battery tells only while it is discharging; it is: ${status}`,
      });
    },
  );
  it('adds up two that take turns', async () => {
    const both = { ...battery('BAT0', 'Discharging'), ...battery('BAT1', 'Not charging') };
    const found = findBattery(fakePowerContext(both));
    expect(found.sensors[0]?.id).toBe('battery:BAT0+BAT1');
    expect(await readFirst(found)).toMatchObject({ watts: 9 });
  });
  it('tells nothing while one of two charges', async () => {
    const both = { ...battery('BAT0', 'Discharging'), ...battery('BAT1', 'Charging') };
    expect(await readFirst(findBattery(fakePowerContext(both)))).toMatchObject({
      reason: expect.stringMatching(/it is: Discharging, Charging$/) as string,
    });
  });
  it('takes a discharge with a minus sign', async () => {
    const files = { ...battery('BAT0', 'Discharging'), [`${SUPPLY}/BAT0/power_now`]: '-9000000\n' };
    expect(await readFirst(findBattery(fakePowerContext(files)))).toMatchObject({ watts: 9 });
  });
});

describe('Raspberry Pi', () => {
  it('says which models measure nothing', () => {
    const four = fakePowerContext({
      '/proc/device-tree/model': 'Raspberry Pi 4 Model B Rev 1.4\0',
    });
    expect(findRaspberryPi(four).unavailable[0]?.reason).toMatch(/Pi 4 .* does not measure/);
    expect(findRaspberryPi(fakePowerContext()).unavailable[0]?.reason).toMatch(/no Raspberry Pi/);
  });
  it('does not leave a rail out whose voltage is missing', async () => {
    const context = fakePowerContext({ '/proc/device-tree/model': 'Raspberry Pi 5 Model B\0' });
    context.answers.set('vcgencmd', printed(' VDD_CORE_A current(7)=1.5A\n'));
    expect(await readFirst(findRaspberryPi(context))).toMatchObject({
      reason: 'vcgencmd shows no voltage for rail VDD_CORE',
    });
  });
});

/** 9 W. */
function battery(name: string, status: string): Record<string, FakeFile> {
  return {
    [`${SUPPLY}/${name}/status`]: `${status}\n`,
    [`${SUPPLY}/${name}/power_now`]: '9000000\n',
  };
}

async function readFirst({ sensors }: FoundSensors): Promise<PowerReading | undefined> {
  return sensors[0]?.read();
}
