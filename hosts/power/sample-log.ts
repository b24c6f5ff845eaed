import type { PowerReading, SensorLabel } from './power-sensor.ts';
import type { PowerFailure, PowerSample, SensorTrace } from './power-trace.ts';

/** One sensor's readings in bounded memory. */
export interface SampleLog {
  add(reading: PowerReading, nowMs: number): void;
  /** The interval to read at, ms: it doubles whenever the log has been thinned. */
  intervalMs(): number;
  trace(): SensorTrace;
}

const MOST_FAILURES = 100;

/**
 * When `mostSamples` are held, every second one is dropped and the interval doubles: an
 * energy counter loses nothing by it, and power is sampled half as often.
 */
export function createSampleLog(label: SensorLabel, mostSamples: number): SampleLog {
  let samples: PowerSample[] = [];
  let intervalMs = label.intervalMs;
  const failures: PowerFailure[] = [];
  let failureCount = 0;
  let lastFailure: PowerFailure | null = null;
  return {
    add: (reading, nowMs) => {
      if (reading.state === 'unavailable') {
        lastFailure = { atMs: nowMs, reason: reading.reason };
        failureCount += 1;
        if (failures.length < MOST_FAILURES) failures.push(lastFailure);
        return;
      }
      // Read again within the clock's resolution: a step of no length tells nothing.
      if (reading.atMs <= (samples.at(-1)?.atMs ?? -Infinity)) return;
      samples.push(reading);
      if (samples.length < mostSamples) return;
      samples = thin(samples);
      intervalMs *= 2;
    },
    intervalMs: () => intervalMs,
    trace: () => ({ ...label, intervalMs, samples, failures, failureCount, lastFailure }),
  };
}

/** Keeps the first and the last; a counter's restart moves on to the next that is kept. */
function thin(samples: readonly PowerSample[]): PowerSample[] {
  const kept: PowerSample[] = [];
  let restarted = false;
  for (const [index, sample] of samples.entries()) {
    restarted ||= sample.state === 'energy' && sample.restarted === true;
    if (index % 2 === 1 && index < samples.length - 1) continue;
    kept.push(restarted && sample.state === 'energy' ? { ...sample, restarted: true } : sample);
    restarted = false;
  }
  return kept;
}
