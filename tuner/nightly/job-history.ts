import { mean } from '../../engine/base/statistics.ts';
import { COMPARED_METRICS } from '../../suites/comparison/margins.ts';
import type { PastNight } from './decision/past-night.ts';
import type { NightJob, NightMeasurement, NightRecord } from './night-record.ts';

/** A night of one job, with the night that it belongs to. */
export interface JobNight {
  readonly night: NightRecord;
  readonly job: NightJob;
}

/** The nights of a job by its name, in order, those without figures too. */
export function nightsOfJob(nights: readonly NightRecord[], name: string): JobNight[] {
  return nights.flatMap((night) =>
    night.jobs.filter((job) => job.name === name).map((job) => ({ night, job })),
  );
}

/** Those that can be compared: measured against the same control, on the same host, under the same load. */
export function comparableNights(nights: readonly JobNight[], seriesKey: string): JobNight[] {
  return nights.filter(
    ({ job }) =>
      job.setup?.seriesKey === seriesKey && job.first !== null && job.verdict.kind !== 'invalid',
  );
}

/** As the decision takes it. Throws a RangeError for a night without figures. */
export function toPastNight({ night, job }: JobNight): PastNight {
  if (job.first === null) throw new RangeError(`night ${night.id} has no figures`);
  return {
    startedAt: night.startedAt,
    gain: gainOf(job),
    control: controlOf(job, job.first),
    moved: job.verdict.kind === 'environment-changed',
  };
}

/** log(candidate / control) of a night, all blocks of both measurements, positive: better. */
export function gainOf({ metric, first, second }: NightJob): number {
  const blocks = [...(first?.logRatios ?? []), ...(second?.logRatios ?? [])];
  return signOf(metric) * mean(blocks);
}

/** log(candidate / control) of one measurement, positive: better. */
export function measuredGain({ metric }: Pick<NightJob, 'metric'>, one: NightMeasurement): number {
  return signOf(metric) * mean([...one.logRatios]);
}

/** log of the control's own figure, positive: better. */
export function controlOf(
  { metric }: Pick<NightJob, 'metric'>,
  { controlLevel }: NightMeasurement,
): number {
  return signOf(metric) * Math.log(controlLevel);
}

function signOf(metric: NightJob['metric']): 1 | -1 {
  return COMPARED_METRICS[metric].higherIsBetter ? 1 : -1;
}
