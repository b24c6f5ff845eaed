import type { NightMeasurement, NightSetup } from './night-record.ts';
import type { JobNight } from './job-history.ts';
import type { NightlyJob } from './nightly-plan.ts';

/** A job whose models and data are there, ready to be measured. */
export interface OpenJob {
  readonly setup: NightSetup;
  /** Facts about the machine that may explain a change: governor, microcode, ... */
  environment(): Readonly<Record<string, string>>;
  /**
   * Measures candidate and control in turns, in fresh processes; another `seed` makes it
   * independent of an earlier measurement. Throws UserError where there are no figures.
   */
  measure(seed: number): Promise<NightMeasurement>;
}

/** How a night gets its figures: the machine, or a simulation of it. */
export interface JobMeasurer {
  /**
   * Prepares a job, tuning it first where the policy says so. `past` are its earlier
   * nights. Throws UserError where a model or its data is missing or wrong.
   */
  open(job: NightlyJob, past: readonly JobNight[]): Promise<OpenJob>;
}
