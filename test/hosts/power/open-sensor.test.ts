import { describe, expect, it } from 'vitest';
import { openSensor, type Sample } from '../../../hosts/power/open-sensor.ts';
import type { PowerScope, PowerSensor } from '../../../hosts/power/power-sensor.ts';
import { steppedClock, type SteppedClock } from '../../support/power-clock.ts';
import { powerTrace } from '../../support/power-trace.ts';

describe('openSensor', () => {
  it('dates a slow reading in the middle of its time', async () => {
    const clock = steppedClock();
    const sensor = openFake(clock, async () => {
      await clock.sleep(400);
      return { state: 'power', watts: 5 };
    });
    await clock.advance(1000);
    const reading = sensor.read();
    await clock.advance(400);
    expect(await reading).toEqual({ state: 'power', atMs: 1200, watts: 5 });
  });
  it.each([-1, 50_001, Number.NaN, Infinity, 0])('does not believe %d W', async (watts) => {
    const sensor = openFake(steppedClock(), () => ({ state: 'power', watts }));
    expect(await sensor.read()).toEqual({
      state: 'unavailable',
      reason: `fake:board reads ${watts} W, which cannot be`,
    });
  });
  it('lets a card sleep at 0 W', async () => {
    const sensor = openFake(steppedClock(), () => ({ state: 'power', watts: 0 }), 'gpu');
    expect(await sensor.read()).toMatchObject({ state: 'power', watts: 0 });
  });
});

function openFake(
  clock: SteppedClock,
  sample: () => Sample | Promise<Sample>,
  scope: PowerScope = 'board',
): PowerSensor {
  return openSensor({ ...powerTrace({ scope }), sample }, clock);
}
