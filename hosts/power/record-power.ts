import type { Clock } from '../../engine/base/clock.ts';
import { messageOf } from '../../engine/base/errors.ts';
import { isAborted, unavailable } from './open-sensor.ts';
import type { PowerReading, PowerSensor, SensorLabel } from './power-sensor.ts';
import type { PowerTrace } from './power-trace.ts';
import { createSampleLog, type SampleLog } from './sample-log.ts';

export interface RecordPowerOptions {
  /** Ends the recording, and a reading that is under way. */
  readonly signal?: AbortSignal;
  /** Samples kept of each sensor, at least 4; 36 000 is an hour at 10 Hz, some 3 MB. */
  readonly mostSamples?: number;
}

export interface PowerRecording {
  /**
   * Reads every sensor a last time, so that the end is covered, and ends the recording.
   * Again gives the same trace. After it nothing keeps the process alive.
   */
  stop(): Promise<PowerTrace>;
}

/** What one sensor's loop listens to. */
interface Stops {
  /** Time to end: no further waiting. */
  readonly wake: AbortSignal;
  /** Aborted from outside: no further reading either. */
  readonly abort: AbortSignal | undefined;
}

const MOST_SAMPLES = 36_000;

/**
 * Reads each sensor at its own interval, all at the same time, from now until `stop`.
 * A reading that fails leaves a gap and is tried again at the next interval.
 */
export function recordPower(
  sensors: readonly PowerSensor[],
  clock: Clock,
  options: RecordPowerOptions = {},
): PowerRecording {
  const mostSamples = options.mostSamples ?? MOST_SAMPLES;
  if (!(mostSamples >= 4)) throw new RangeError(`mostSamples must be at least 4: ${mostSamples}`);
  const stopper = new AbortController();
  const { signal } = options;
  const wake = signal === undefined ? stopper.signal : AbortSignal.any([stopper.signal, signal]);
  const fromMs = clock.nowMs();
  const logs = sensors.map((sensor) => createSampleLog(labelOf(sensor), mostSamples));
  const loops = logs.map((log, index) =>
    follow(sensors[index] as PowerSensor, log, { clock, stops: { wake, abort: signal } }),
  );
  const done = Promise.all(loops).then(() => ({
    fromMs,
    toMs: clock.nowMs(),
    sensors: logs.map((log) => log.trace()),
  }));
  // A broken clock is reported by stop(), not as an unhandled rejection before it.
  done.catch(() => undefined);
  return {
    stop: () => {
      stopper.abort();
      return done;
    },
  };
}

async function follow(
  sensor: PowerSensor,
  log: SampleLog,
  { clock, stops }: { readonly clock: Clock; readonly stops: Stops },
): Promise<void> {
  const { wake, abort } = stops;
  let dueMs = clock.nowMs();
  while (!wake.aborted) {
    await readInto(log, sensor, { clock, abort });
    // A slow reading is not made up for by a burst.
    dueMs = Math.max(dueMs + log.intervalMs(), clock.nowMs());
    await sleepUntil(dueMs, clock, wake);
  }
  await readInto(log, sensor, { clock, abort });
}

async function readInto(
  log: SampleLog,
  sensor: PowerSensor,
  { clock, abort }: { readonly clock: Clock; readonly abort: AbortSignal | undefined },
): Promise<void> {
  if (isAborted(abort)) return;
  const reading = await readSafely(sensor, abort);
  // That it was stopped is no failure of the sensor.
  if (!isAborted(abort)) log.add(reading, clock.nowMs());
}

/** A sensor that throws has a defect; it must not cost the trial that it watches. */
async function readSafely(
  sensor: PowerSensor,
  abort: AbortSignal | undefined,
): Promise<PowerReading> {
  try {
    return await sensor.read(abort);
  } catch (thrown) {
    return unavailable(`${sensor.id} threw: ${messageOf(thrown)}`);
  }
}

async function sleepUntil(dueMs: number, clock: Clock, wake: AbortSignal): Promise<void> {
  try {
    await clock.sleep(dueMs - clock.nowMs(), wake);
  } catch (thrown) {
    if (!wake.aborted) throw thrown;
  }
}

function labelOf(sensor: PowerSensor): SensorLabel {
  const { id, kind, scope, quality, intervalMs, leastPeriodMs } = sensor;
  return { id, kind, scope, quality, intervalMs, leastPeriodMs };
}
