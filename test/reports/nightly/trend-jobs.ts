import { createRandom } from '../../../engine/base/random.ts';
import type { TrendJob, TrendPageInput } from '../../../reports/nightly/trend-view.ts';

/** The night of a day of 2026, counted from 1 January. */
function dayAt(day: number): string {
  return new Date(Date.UTC(2026, 0, day, 2)).toISOString();
}

/** 40 nights of a job: level until night 30, then 6 % down. */
export function regressedJob(changes: Partial<TrendJob> = {}): TrendJob {
  const random = createRandom(3, 'trend');
  const points = Array.from({ length: 40 }, (_, index) => {
    const worse = index >= 30;
    const value = (worse ? 1.504 : 1.6) * Math.exp(0.006 * random.normal());
    return {
      startedAt: dayAt(index + 1),
      ratio: { value, low: value * 0.985, high: value * 1.015 },
      status: worse ? ('regressed' as const) : ('ok' as const),
      summary: worse ? 'REGRESSED: 6 % less throughput' : 'ok, steady',
      href: `nights/202601${String(index + 1).padStart(2, '0')}-020000.html`,
    };
  });
  return {
    name: 'detector',
    metric: 'throughput',
    status: 'regressed',
    summary: 'REGRESSED: 6 % less throughput than in the nights before, confirmed',
    points,
    gaps: [{ startedAt: dayAt(41), summary: 'INVALID: no model', href: 'nights/gap.html' }],
    changes: [{ startedAt: dayAt(31), change: -0.06, causes: ['onnxruntime 1.29.0 -> 1.30.0'] }],
    marks: [
      { startedAt: dayAt(12), texts: ['kernel linux 6.1 -> linux 6.2'] },
      { startedAt: dayAt(31), texts: ['onnxruntime 1.29.0 -> 1.30.0'] },
    ],
    baseline: { ratio: 1.6, until: dayAt(10) },
    ...changes,
  };
}

export function steadyJob(name: string): TrendJob {
  const { points } = regressedJob();
  return regressedJob({
    name,
    status: 'ok',
    summary: 'ok, +0.3 % to the usual',
    points: points.slice(0, 30),
    gaps: [],
    changes: [],
    marks: [],
  });
}

export function trendPageInput(jobs: readonly TrendJob[]): TrendPageInput {
  return {
    planPath: '/plans/nightly.yaml',
    host: 'here',
    startedAt: dayAt(41),
    finished: true,
    nights: 41,
    jobs,
  };
}
