import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../engine/base/errors.ts';
import { discoverSensors } from '../../../hosts/power/discover-sensors.ts';
import { fakePowerContext, printed } from '../../support/power-context.ts';

const ZONE = '/sys/class/powercap/intel-rapl:0';

describe('discoverSensors', () => {
  it('lists what works, and why the rest does not', async () => {
    const context = fakePowerContext({
      [`${ZONE}/name`]: 'package-0\n',
      [`${ZONE}/energy_uj`]: '1\n',
      '/sys/class/power_supply/BAT0/status': 'Full\n',
      '/proc/stat': 'cpu  1 0 0 1 0 0 0 0 0 0\n',
    });
    context.answers.set('nvidia-smi', printed('0, 71.36\n'));
    const { sensors, unavailable } = await discoverSensors(context, { meters: [], tdpWatts: 65 });
    expect(sensors.map(({ id }) => id)).toEqual(['rapl:package-0', 'nvidia:0', 'estimate:cpu']);
    expect(unavailable).toEqual([
      { kind: 'hwmon', reason: expect.any(String) as string },
      { kind: 'jetson', reason: 'no INA3221 monitor with labels' },
      { kind: 'raspberry-pi-5', reason: 'this is no Raspberry Pi' },
      { kind: 'battery', reason: expect.stringContaining('it is: Full') as string },
    ]);
  });
  it('estimates nothing without a TDP', async () => {
    const { unavailable } = await discoverSensors(fakePowerContext(), { meters: [] });
    expect(unavailable.find(({ kind }) => kind === 'estimate')?.reason).toMatch(/no TDP is given/);
  });
  it('opens each meter once, and says why one does not answer', async () => {
    const context = fakePowerContext({}, { fetch: async () => new Response('{"apower":12}') });
    const meters = ['shelly://plug', 'shelly://plug', 'tasmota://other'];
    const { sensors, unavailable } = await discoverSensors(context, { meters });
    expect(sensors.map(({ id }) => id)).toEqual(['shelly:http://plug?id=0']);
    expect(unavailable.find(({ kind }) => kind === 'tasmota')?.reason).toMatch(/StatusSNS/);
  });
  it('refuses what cannot be before it reads anything', async () => {
    const context = fakePowerContext();
    const refused = [
      { meters: ['plug'] },
      ...[0, -5, 3000, Number.NaN].map((tdpWatts) => ({ meters: [], tdpWatts })),
    ];
    for (const options of refused) {
      await expect(discoverSensors(context, options)).rejects.toThrow(UsageError);
    }
    expect(context.lines).toEqual([]);
  });
  it('says why macOS has none', async () => {
    const context = fakePowerContext({}, { platform: 'darwin' });
    const { unavailable } = await discoverSensors(context, { meters: [] });
    expect(unavailable.find(({ kind }) => kind === 'powermetrics')?.reason).toMatch(/root/);
  });
  it('ends with its signal', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    const discovery = discoverSensors(fakePowerContext(), { meters: [], signal });
    await expect(discovery).rejects.toThrow('enough');
  });
});
