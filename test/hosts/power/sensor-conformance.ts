import { describe, expect, it } from 'vitest';
import type { PowerReading, PowerSensor } from '../../../hosts/power/power-sensor.ts';
import type { SteppedClock } from '../../support/power-clock.ts';

/** A sensor on a machine that can be told how to behave. */
export interface SensorFixture {
  readonly sensor: PowerSensor;
  readonly clock: SteppedClock;
  /** The source moves on; the clock has moved by `tickMs`. Called before every reading. */
  tick(): void | Promise<void>;
  /** It is there and does not let itself be read: EACCES, exit 1, HTTP 500. */
  refuse(): void | Promise<void>;
  vanish(): void | Promise<void>;
  /** It answers with text that is no figure. */
  babble(): void | Promise<void>;
}

export interface SensorExpectation {
  open(): SensorFixture | Promise<SensorFixture>;
  /** Between two readings. */
  readonly tickMs: number;
  /** W of each reading after a tick, or, for a counter, J between two of them; by hand. */
  readonly perTick: number;
  /** What the reason must say when it is refused. */
  readonly refusal: RegExp;
}

/** What every sensor does, whatever it reads. */
export function describeSensor(name: string, expectation: SensorExpectation): void {
  const open = (): SensorFixture | Promise<SensorFixture> => expectation.open();
  describe(`the sensor ${name}`, () => {
    it('describes itself', async () => {
      const { sensor } = await open();
      expect(sensor.id).toMatch(/^[\w-]+:\S+$/);
      expect(sensor.intervalMs).toBeGreaterThanOrEqual(100);
      expect(sensor.leastPeriodMs).toBeGreaterThanOrEqual(sensor.intervalMs);
    });
    it('reads what its source says', async () => {
      const fixture = await open();
      const { perTick, tickMs } = expectation;
      const readings = [];
      for (let count = 0; count < 3; count++) {
        readings.push(await tickAndRead(fixture, expectation));
      }
      const isCounter = fixture.sensor.quality === 'counter';
      const expected = isCounter ? [0, perTick, 2 * perTick] : [perTick, perTick, perTick];
      expect(readings.map(stamped)).toEqual(
        expected.map((value, index) => ({
          state: isCounter ? 'energy' : 'power',
          atMs: (index + 1) * tickMs,
          // Millionths: the files' own unit.
          micro: Math.round(value * 1e6),
        })),
      );
    });
    it.each([
      ['refuses', 'refuse', expectation.refusal],
      ['vanishes', 'vanish', /./],
      ['babbles', 'babble', /./],
    ] as const)('is unavailable, with a reason, when its source %s', async (_, fault, words) => {
      const fixture = await open();
      await tickAndRead(fixture, expectation);
      await fixture[fault]();
      await fixture.clock.advance(expectation.tickMs);
      const reading = await fixture.sensor.read();
      expect(reading.state === 'unavailable' ? reading.reason : reading).toMatch(words);
    });
    it('recovers', async () => {
      const fixture = await open();
      await fixture.babble();
      expect((await fixture.sensor.read()).state).toBe('unavailable');
      await tickAndRead(fixture, expectation);
      expect((await tickAndRead(fixture, expectation)).state).not.toBe('unavailable');
    });
    it('gives nothing once its signal has aborted', async () => {
      const fixture = await open();
      await fixture.tick();
      expect(await fixture.sensor.read(AbortSignal.abort())).toEqual({
        state: 'unavailable',
        reason: 'the reading was stopped',
      });
    });
  });
}

async function tickAndRead(
  fixture: SensorFixture,
  { tickMs }: SensorExpectation,
): Promise<PowerReading> {
  await fixture.clock.advance(tickMs);
  await fixture.tick();
  return fixture.sensor.read();
}

/** A reading with its J or W in millionths. */
function stamped(reading: PowerReading): object {
  if (reading.state === 'unavailable') return reading;
  const value = reading.state === 'power' ? reading.watts : reading.joules;
  return { state: reading.state, atMs: reading.atMs, micro: Math.round(value * 1e6) };
}
