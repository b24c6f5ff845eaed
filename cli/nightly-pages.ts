import { access } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeFileAtomic } from '../engine/base/files.ts';
import { ratioInterval } from '../engine/base/statistics.ts';
import { formatNumber } from '../engine/base/units.ts';
import {
  renderNightPage,
  type MeasuredView,
  type NightJobView,
} from '../reports/nightly/night-page.ts';
import { renderTrendPage } from '../reports/nightly/trend-page.ts';
import type { RatioRange, TrendJob } from '../reports/nightly/trend-view.ts';
import { COMPARED_METRICS } from '../suites/comparison/margins.ts';
import {
  comparableNights,
  gainOf,
  nightsOfJob,
  type JobNight,
} from '../tuner/nightly/job-history.ts';
import { changesBetween } from '../tuner/nightly/night-changes.ts';
import type { NightJob, NightMeasurement, NightRecord } from '../tuner/nightly/night-record.ts';
import { describeVerdict } from '../tuner/nightly/night-summary.ts';
import { exitOf } from '../tuner/nightly/night-verdict.ts';
import type { NightlyPlan } from '../tuner/nightly/nightly-plan.ts';

const CONFIDENCE = 0.95;

/**
 * Writes the page of all nights, and that of each night that has none yet or is the last.
 * `nightsFolder` holds the nights' records; the page lies above it. Returns its path.
 */
export async function writeNightlyPages(
  plan: NightlyPlan,
  nights: readonly NightRecord[],
  nightsFolder: string,
): Promise<void> {
  for (const [index, night] of nights.entries()) {
    const path = join(nightsFolder, `${night.id}.html`);
    const isLast = index === nights.length - 1;
    if (isLast || !(await isThere(path))) {
      await writeFileAtomic(path, nightPage(night, nights.slice(0, index)));
    }
  }
  const page = join(dirname(nightsFolder), 'index.html');
  await writeFileAtomic(page, await trendPage(plan, nights));
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function trendPage(plan: NightlyPlan, nights: readonly NightRecord[]): Promise<string> {
  const last = nights.at(-1);
  if (last === undefined) throw new RangeError('a page needs a night');
  return renderTrendPage({
    planPath: plan.path,
    host: last.host.name,
    startedAt: last.startedAt,
    finished: last.state === 'finished',
    nights: nights.length,
    jobs: plan.jobs.flatMap(({ name }) => trendJob(nightsOfJob(nights, name)) ?? []),
  });
}

/** A job's trend: the nights that can be compared with its last one; null before its first night. */
function trendJob(all: readonly JobNight[]): TrendJob | null {
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
    gaps: all
      .filter((one) => !nights.includes(one) && one.job.verdict.kind === 'invalid')
      .map((one) => ({
        startedAt: one.night.startedAt,
        summary: describeVerdict(one.job),
        href: hrefOf(one.night),
      })),
    changes: changePoints.flatMap(({ night, change }) => {
      const at = nights.findIndex((one) => one.night.id === night);
      const startedAt = nights[at]?.night.startedAt;
      return startedAt === undefined ? [] : [{ startedAt, change, causes: changesAt(nights, at) }];
    }),
    marks: nights.flatMap(({ night, job: { verdict } }, index) => {
      const moved = verdict.kind === 'environment-changed' ? ['the control moved'] : [];
      const texts = [...changesAt(nights, index), ...moved];
      return texts.length === 0 ? [] : [{ startedAt: night.startedAt, texts }];
    }),
    baseline: baseline === null ? null : { ratio: Math.exp(baseline.gain), until: baseline.until },
  };
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
  const { low, high } = bounds(blocks.map((one) => sign * one));
  return { value: Math.exp(gainOf(job)), low, high };
}

function bounds(logRatios: readonly number[]): Pick<RatioRange, 'low' | 'high'> {
  const { low, high } = ratioInterval(logRatios, CONFIDENCE);
  return { low: low > 0 ? low : null, high: Number.isFinite(high) ? high : null };
}

function nightPage(night: NightRecord, earlier: readonly NightRecord[]): string {
  const { host, versions } = night;
  return renderNightPage({
    id: night.id,
    startedAt: night.startedAt,
    state: night.state,
    host: host.name,
    facts: [
      ['host', `${host.name} (${host.key})`],
      ['CPU', host.cpu],
      ['kernel', host.kernel],
      ['onnxruntime', versions.onnxruntime],
      ['claw', versions.openclaw],
      ['Node', versions.node],
      ['plan', `${night.plan.path} (${night.plan.sha256.slice(0, 8)})`],
    ],
    jobs: night.jobs.map((job) => jobView(night, job, nightsOfJob(earlier, job.name))),
  });
}

function jobView(night: NightRecord, job: NightJob, earlier: readonly JobNight[]): NightJobView {
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
    ratio: { value: ratioInterval(better, CONFIDENCE).value, ...bounds(better) },
    blocks: one.logRatios.map((value) => Math.exp(value)),
    lost: one.lost,
    control: `${formatNumber(one.controlLevel)} ${unit}`,
    candidate: `${formatNumber(one.candidateLevel)} ${unit}`,
    broken: one.broken.map(({ text }) => text),
    benchId: one.benchId,
  };
}
