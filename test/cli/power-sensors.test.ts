import { expect, test } from 'vitest';
import { powerSensors } from '../../cli/power-sensors.ts';
import { UserError } from '../../engine/base/errors.ts';
import { fakePowerContext } from '../support/power-context.ts';

const { signal } = new AbortController();

test('a machine without a sensor is measured all the same, where power decides nothing', async () => {
  const options = { meters: [], isNeeded: false, signal };
  expect(await powerSensors(options, fakePowerContext())).toEqual([]);
});

test('where power decides and there is no sensor, it says what would be one', async () => {
  const found = powerSensors({ meters: [], isNeeded: true, signal }, fakePowerContext());
  const refusal = await found.catch((thrown: unknown) => thrown);
  expect(refusal).toBeInstanceOf(UserError);
  expect(refusal).toMatchObject({
    message: 'power decides here, and this machine has no sensor that can be read',
    remedy: expect.stringContaining('--meter shelly://HOST') as string,
  });
});

test('a meter that answers is a sensor', async () => {
  const context = fakePowerContext({}, { fetch: async () => new Response('{"apower":12}') });
  const sensors = await powerSensors(
    { meters: ['shelly://plug'], isNeeded: true, signal },
    context,
  );
  expect(sensors.map(({ id }) => id)).toEqual(['shelly:http://plug?id=0']);
});
