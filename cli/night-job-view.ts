import { formatNumber } from '../engine/base/units.ts';
import type { MeasuredView, NightJobView } from '../reports/nightly/night-page.ts';
import { COMPARED_METRICS } from '../suites/comparison/margins.ts';
import { comparableNights, type JobNight } from '../tuner/nightly/job-history.ts';
import { changesBetween } from '../tuner/nightly/night-changes.ts';
import type { NightJob, NightMeasurement, NightRecord } from '../tuner/nightly/night-record.ts';
import { describeVerdict } from '../tuner/nightly/night-summary.ts';
import { exitOf } from '../tuner/nightly/night-verdict.ts';
import { ratioRange } from './ratio-range.ts';

/** A job of a night, as its page shows it; `earlier` are its nights before. */
export function jobView(
  night: NightRecord,
  job: NightJob,
  earlier: readonly JobNight[],
): NightJobView {
  const before = comparableNights(earlier, job.setup?.seriesKey ?? '').at(-1);
  const titled = [
    ['Measurement', job.first],
    ['Second, independent measurement', job.second],
  ] as const;
  return {
    name: job.name,
    status: exitOf(job.verdict),
    summary: describeVerdict(job),
    measured: titled.flatMap(([title, one]) => (one === null ? [] : measuredView(job, one, title))),
    changed: before === undefined ? [] : changesBetween(before, { night, job }),
    facts: sideFacts(job),
  };
}

function sideFacts({ setup, environment }: NightJob): NightJobView['facts'] {
  const facts = Object.entries(environment);
  if (setup === null) return facts;
  const { candidate, control } = setup;
  return [
    ['candidate', `${candidate.target}: ${candidate.armKey}`],
    ['candidate model', candidate.modelSha256],
    ...(candidate.tuned === null ? [] : [['tuned', candidate.tuned] as const]),
    ['control', `${control.target}: ${control.armKey}`],
    ['control model', control.modelSha256],
    ...facts,
  ];
}

const UNITS = Object.freeze({
  throughput: 'samples/s',
  p50: 'ms p50',
  p99: 'ms p99',
  energy: 'J per inference',
  memory: 'bytes',
});

function measuredView({ metric }: NightJob, one: NightMeasurement, title: string): MeasuredView {
  const sign = COMPARED_METRICS[metric].higherIsBetter ? 1 : -1;
  const better = one.logRatios.map((value) => sign * value);
  const unit = UNITS[metric];
  return {
    title,
    ratio: ratioRange(better),
    blocks: one.logRatios.map((value) => Math.exp(value)),
    lost: one.lost,
    control: `${formatNumber(one.controlLevel)} ${unit}`,
    candidate: `${formatNumber(one.candidateLevel)} ${unit}`,
    broken: one.broken.map(({ text }) => text),
    benchId: one.benchId,
  };
}
