import type { EnergyReading, SensorLabel, WattsReading } from './power-sensor.ts';

/** What the sensors said while they were recorded. */
export interface PowerTrace {
  readonly fromMs: number;
  readonly toMs: number;
  readonly sensors: readonly SensorTrace[];
}

/** One sensor's part. `intervalMs` is what it was in the end: see `recordPower`. */
export interface SensorTrace extends SensorLabel {
  /** Oldest first; times strictly rise. */
  readonly samples: readonly PowerSample[];
  /** The first of them, up to 100. */
  readonly failures: readonly PowerFailure[];
  readonly failureCount: number;
  /** The latest, also when it is not among the first; null where none failed. */
  readonly lastFailure: PowerFailure | null;
}

export type PowerSample = EnergyReading | WattsReading;

export interface PowerFailure {
  readonly atMs: number;
  readonly reason: string;
}
