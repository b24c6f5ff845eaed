import type { Clock } from '../../engine/base/clock.ts';
import { createEnergyCounter, type EnergyCounter } from './energy-counter.ts';
import type { PowerReading, PowerSensor, SensorLabel, UnavailableReading } from './power-sensor.ts';

/** What a source read, before it is checked and stamped with the time. */
export type Sample =
  | { readonly state: 'power'; readonly watts: number }
  /** The hardware's counter as it stands, wraps included. */
  | { readonly state: 'counter'; readonly joules: number }
  | UnavailableReading;

export interface SensorSource extends SensorLabel {
  /** Where a counter starts again at 0, in J; null for one that does not within a lifetime. */
  readonly rangeJ?: number | null;
  /** May throw only for a programmer's error. */
  sample(signal?: AbortSignal): Sample | Promise<Sample>;
}

/** More than any one machine draws from a socket: a reading above it is nonsense. */
const MOST_WATTS = 50_000;

const STOPPED: UnavailableReading = Object.freeze({
  state: 'unavailable',
  reason: 'the reading was stopped',
});

/** Turns a source into a sensor: stops, stamps, checks, and undoes wraps the same way for all. */
export function openSensor(source: SensorSource, clock: Clock): PowerSensor {
  const { id, kind, scope, quality, intervalMs, leastPeriodMs } = source;
  const label = { id, kind, scope, quality, intervalMs, leastPeriodMs };
  const counter = createEnergyCounter(source.rangeJ ?? null);
  return {
    ...label,
    read: async (signal) => {
      if (isAborted(signal)) return STOPPED;
      const beforeMs = clock.nowMs();
      const sample = await source.sample(signal);
      // A command or a request takes a while: the figure is from somewhere in between.
      const atMs = (beforeMs + clock.nowMs()) / 2;
      return isAborted(signal) ? STOPPED : toReading(sample, atMs, { label, counter });
    },
  };
}

/** A call, so that the compiler does not take the answer for constant across an await. */
export function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

export function unavailable(reason: string): UnavailableReading {
  return { state: 'unavailable', reason };
}

function toReading(
  sample: Sample,
  atMs: number,
  { label, counter }: { label: SensorLabel; counter: EnergyCounter },
): PowerReading {
  switch (sample.state) {
    case 'unavailable':
      return sample;
    case 'counter':
      return { state: 'energy', atMs, ...counter.advance(sample.joules, atMs) };
    case 'power':
      return isPlausible(sample.watts, label)
        ? { state: 'power', atMs, watts: sample.watts }
        : unavailable(`${label.id} reads ${sample.watts} W, which cannot be`);
  }
}

/** A machine that runs draws something; a card that sleeps may draw nothing. */
function isPlausible(watts: number, { scope }: SensorLabel): boolean {
  if (!(watts >= 0 && watts <= MOST_WATTS)) return false;
  return watts > 0 || scope === 'gpu';
}
