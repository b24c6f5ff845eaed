import type { RatioRange, TrendJob } from '../reports/nightly/trend-view.ts';
import { COMPARED_METRICS } from '../suites/comparison/margins.ts';
import { comparableNights, gainOf, type JobNight } from '../tuner/nightly/job-history.ts';
import { changesBetween } from '../tuner/nightly/night-changes.ts';
import type { NightJob, NightRecord } from '../tuner/nightly/night-record.ts';
import { describeVerdict } from '../tuner/nightly/night-summary.ts';
import { exitOf } from '../tuner/nightly/night-verdict.ts';
import { ratioRange } from './ratio-range.ts';

/** A job's trend: the nights that can be compared with its last one; null before its first night. */
export function trendJob(all: readonly JobNight[]): TrendJob | null {
  const last = all.at(-1);
  if (last === undefined) return null;
  const key = all.findLast(({ job }) => job.setup !== null)?.job.setup?.seriesKey ?? '';
  const nights = comparableNights(all, key);
  const { job } = last;
  const newest = nights.at(-1)?.job;
  const { baseline = null, changePoints = [] } = newest ?? {};
  return {
    name: job.name,
    metric: job.metric,
    status: exitOf(job.verdict),
    summary: describeVerdict(job),
    points: nights.map((one) => ({
      startedAt: one.night.startedAt,
      ratio: betterRatio(one.job),
      status: exitOf(one.job.verdict),
      summary: describeVerdict(one.job),
      href: hrefOf(one.night),
    })),
    gaps: gapsOf(all, nights),
    changes: changePoints.flatMap(({ night, change }) => {
      const at = nights.findIndex((one) => one.night.id === night);
      const startedAt = nights[at]?.night.startedAt;
      return startedAt === undefined ? [] : [{ startedAt, change, causes: changesAt(nights, at) }];
    }),
    marks: marksOf(nights),
    baseline: baseline === null ? null : { ratio: Math.exp(baseline.gain), until: baseline.until },
  };
}

/** Nights on which it could not be measured. */
function gapsOf(all: readonly JobNight[], nights: readonly JobNight[]): TrendJob['gaps'] {
  return all
    .filter((one) => !nights.includes(one) && one.job.verdict.kind === 'invalid')
    .map((one) => ({
      startedAt: one.night.startedAt,
      summary: describeVerdict(one.job),
      href: hrefOf(one.night),
    }));
}

/** Nights on which something else than the candidate was another than the night before. */
function marksOf(nights: readonly JobNight[]): TrendJob['marks'] {
  return nights.flatMap(({ night, job: { verdict } }, index) => {
    const moved = verdict.kind === 'environment-changed' ? ['the control moved'] : [];
    const texts = [...changesAt(nights, index), ...moved];
    return texts.length === 0 ? [] : [{ startedAt: night.startedAt, texts }];
  });
}

function hrefOf({ id }: NightRecord): string {
  return `nights/${id}.html`;
}

function changesAt(nights: readonly JobNight[], index: number): string[] {
  const [before, after] = [nights[index - 1], nights[index]];
  return before === undefined || after === undefined ? [] : changesBetween(before, after);
}

/** Candidate against control so that more is better, with the interval of its blocks. */
function betterRatio(job: NightJob): RatioRange {
  const sign = COMPARED_METRICS[job.metric].higherIsBetter ? 1 : -1;
  const blocks = [...(job.first?.logRatios ?? []), ...(job.second?.logRatios ?? [])];
  return { ...ratioRange(blocks.map((one) => sign * one)), value: Math.exp(gainOf(job)) };
}
