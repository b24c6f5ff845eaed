import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../engine/base/clock.ts';
import { energyBetween } from '../../../hosts/power/energy.ts';
import type { PowerReading, PowerSensor, SensorLabel } from '../../../hosts/power/power-sensor.ts';
import type { SensorTrace } from '../../../hosts/power/power-trace.ts';
import { recordPower } from '../../../hosts/power/record-power.ts';
import { steppedClock } from '../../support/power-clock.ts';
import { powerTrace } from '../../support/power-trace.ts';

describe('recordPower', () => {
  it('reads each sensor at its own interval, and a last time at the end', async () => {
    const clock = steppedClock();
    const fast = constant(clock, { id: 'fake:fast', intervalMs: 100 });
    const slow = constant(clock, { id: 'fake:slow', intervalMs: 1000 });
    const recording = recordPower([fast, slow], clock);
    await clock.advance(2050);
    const trace = await recording.stop();
    // 0, 100, ... 2000 and the end; 0, 1000, 2000 and the end
    expect(trace.sensors.map(({ samples }) => samples.length)).toEqual([22, 4]);
    expect(trace).toMatchObject({ fromMs: 0, toMs: 2050 });
    expect(timesOf(trace.sensors[1])).toEqual([0, 1000, 2000, 2050]);
    expect(clock.sleepers()).toBe(0);
  });
  it('does not make the others wait for a slow sensor', async () => {
    const clock = steppedClock();
    const slow = sensorOf({ id: 'fake:slow' }, async () => {
      await clock.sleep(2500);
      return watts(clock.nowMs(), 1);
    });
    const recording = recordPower([slow, constant(clock, {})], clock);
    await clock.advance(4000);
    const stopped = recording.stop();
    await clock.advance(6000);
    const [first, second] = (await stopped).sensors;
    expect(timesOf(second)).toEqual([0, 1000, 2000, 3000, 4000]);
    // The reading under way is finished, and one more covers the end.
    expect(timesOf(first)).toEqual([2500, 5000, 7500]);
  });
  it('does not make up for a slow reading with a burst', async () => {
    const clock = steppedClock();
    let reads = 0;
    const sensor = sensorOf({}, async () => {
      reads += 1;
      if (reads === 1) await clock.sleep(5500);
      return watts(clock.nowMs(), 40);
    });
    const recording = recordPower([sensor], clock);
    await clock.advance(7600);
    await recording.stop();
    // Until 5.5 s, at once again, at 6.5 and 7.5 s, and at the end
    expect(reads).toBe(5);
  });
  it('records failures as gaps, and goes on', async () => {
    const clock = steppedClock();
    const flaky = sensorOf({ id: 'fake:flaky' }, async () =>
      clock.nowMs() >= 2000 && clock.nowMs() < 7000 ? gone() : watts(clock.nowMs(), 40),
    );
    const recording = recordPower([flaky], clock);
    await clock.advance(60_000);
    const [trace] = (await recording.stop()).sensors;
    expect(trace).toMatchObject({
      failureCount: 5,
      lastFailure: { atMs: 6000, reason: 'gone' },
    });
    // From 1 s to 7 s nothing is known: 54 of 60 s, just enough
    expect(energyBetween(trace ?? powerTrace(), 0, 60_000)).toMatchObject({
      joules: 2400,
      coverage: 0.9,
      warnings: ['gaps'],
    });
  });
  it('records a sensor that throws as a failure', async () => {
    const clock = steppedClock();
    const broken = sensorOf({ id: 'fake:broken' }, () => Promise.reject(new Error('a defect')));
    const recording = recordPower([broken], clock);
    await clock.advance(100);
    const [trace] = (await recording.stop()).sensors;
    expect(trace?.lastFailure?.reason).toBe('fake:broken threw: a defect');
  });
  it('holds a bounded number of samples and failures', async () => {
    const clock = steppedClock();
    const counter = sensorOf(
      { id: 'fake:counter', quality: 'counter', intervalMs: 100 },
      async () => ({
        state: 'energy',
        atMs: clock.nowMs(),
        joules: clock.nowMs() / 100,
      }),
    );
    const recording = recordPower([counter, sensorOf({}, async () => gone())], clock, {
      mostSamples: 10,
    });
    await clock.advance(170_000);
    const [thinned, failing] = (await recording.stop()).sensors;
    expect(thinned?.samples.length).toBeLessThan(10);
    // Ten become six, and four more make ten: thinned at 0.9, 1.7, 3.3, ... 102.5 s, 8 times
    expect(thinned?.intervalMs).toBe(25_600);
    // 10 W throughout: nothing is lost
    expect(energyBetween(thinned ?? powerTrace(), 0, 170_000)).toMatchObject({ joules: 1700 });
    expect(failing?.failures).toHaveLength(100);
    expect(failing?.failureCount).toBe(172);
  });
  it('keeps the restart of a counter when it drops samples', async () => {
    const clock = steppedClock();
    const counter = sensorOf({ quality: 'counter' }, async () => ({
      state: 'energy',
      atMs: clock.nowMs(),
      joules: clock.nowMs() / 100,
      ...(clock.nowMs() === 1000 ? { restarted: true as const } : {}),
    }));
    const recording = recordPower([counter], clock, { mostSamples: 4 });
    await clock.advance(3000);
    const [trace] = (await recording.stop()).sensors;
    // 0, 1000 (dropped), 2000, 3000
    expect(trace?.samples.map((sample) => 'restarted' in sample)).toEqual([false, true, false]);
  });
  it('ends with its signal, without a failure', async () => {
    const clock = steppedClock();
    const controller = new AbortController();
    const recording = recordPower([constant(clock, {})], clock, { signal: controller.signal });
    await clock.advance(1500);
    controller.abort(new Error('enough'));
    expect(clock.sleepers()).toBe(0);
    const [trace] = (await recording.stop()).sensors;
    expect(timesOf(trace)).toEqual([0, 1000]);
    expect(trace?.failureCount).toBe(0);
  });
  it('stops again with the same trace', async () => {
    const clock = steppedClock();
    const recording = recordPower([constant(clock, {})], clock);
    expect(await recording.stop()).toBe(await recording.stop());
  });
  it('records many sensors by the real clock without a warning', async () => {
    const sensors = Array.from({ length: 20 }, (_, index) =>
      constant(systemClock, { id: `fake:${index}`, intervalMs: 5 }),
    );
    const recording = recordPower(sensors, systemClock);
    await systemClock.sleep(40);
    const { sensors: traces } = await recording.stop();
    expect(Math.min(...traces.map(({ samples }) => samples.length))).toBeGreaterThan(1);
  });
  it('needs room for a few samples', () => {
    expect(() => recordPower([], steppedClock(), { mostSamples: 3 })).toThrow(RangeError);
  });
});

function sensorOf(
  label: Partial<SensorLabel>,
  read: (signal?: AbortSignal) => Promise<PowerReading>,
): PowerSensor {
  const { id, kind, scope, quality, intervalMs, leastPeriodMs } = powerTrace(label);
  return { id, kind, scope, quality, intervalMs, leastPeriodMs, read };
}

/** 40 W. */
function constant(
  clock: Pick<typeof systemClock, 'nowMs'>,
  label: Partial<SensorLabel>,
): PowerSensor {
  return sensorOf(label, async () => watts(clock.nowMs(), 40));
}

function watts(atMs: number, value: number): PowerReading {
  return { state: 'power', atMs, watts: value };
}

function gone(): PowerReading {
  return { state: 'unavailable', reason: 'gone' };
}

function timesOf(trace: SensorTrace | undefined): readonly number[] {
  return trace?.samples.map(({ atMs }) => atMs) ?? [];
}
