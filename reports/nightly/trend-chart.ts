import type { TopLevelSpec } from 'vega-lite';
import { CROSS } from '../charts/chart-marks.ts';
import { type Layer, linearDomain, short } from '../charts/chart-spec.ts';
import { chartFrame, DOT, WIDE } from '../charts/chart-theme.ts';
import { baselineLayers, changeLayers, markLayers } from './trend-annotations.ts';
import { ratioAxis, STATUS_LOOKS } from './trend-scales.ts';
import { dayOf, rangeText } from './trend-text.ts';
import type { TrendJob, TrendPoint } from './trend-view.ts';

const HEIGHT = 230;
/** Nights that are drawn: more would be one line. */
const MOST_NIGHTS = 400;
const DAY_MS = 24 * 3600 * 1000;

/** The ratio to the control over the nights; undefined without a night that has figures. */
export function trendChart(job: TrendJob): TopLevelSpec | undefined {
  const points = job.points.slice(-MOST_NIGHTS);
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const from = first.startedAt;
  const drawn = <T extends { readonly startedAt: string }>(all: readonly T[]): T[] =>
    all.filter(({ startedAt }) => startedAt >= from);
  const yDomain = domainOf(points, job.baseline?.ratio ?? null);
  return {
    ...chartFrame({ width: WIDE, height: HEIGHT }),
    padding: { left: 2, right: 8, top: 22, bottom: 2 },
    encoding: { x: time(domainOfTime(from, [last, ...job.gaps])) },
    layer: [
      ...markLayers(drawn(job.marks)),
      ...baselineLayers(job.baseline, yDomain),
      ...changeLayers(drawn(job.changes)),
      intervalLayer(points, yDomain),
      pointLayer(points, yDomain),
      ...gapLayers(drawn(job.gaps)),
    ],
  };
}

/** Ends of unbounded intervals are drawn at the point itself: an axis has to end. */
function domainOf(points: readonly TrendPoint[], baseline: number | null): [number, number] {
  const values = points.flatMap(({ ratio }) => [
    ratio.low ?? ratio.value,
    ratio.high ?? ratio.value,
  ]);
  return linearDomain(baseline === null ? values : [...values, baseline], { air: 0.12 });
}

/** A day of air on either side, so that a single night is a point and not an edge. */
function domainOfTime(
  from: string,
  others: readonly { readonly startedAt: string }[],
): [number, number] {
  const times = others.map(({ startedAt }) => Date.parse(startedAt));
  const end = times.reduce((latest, one) => Math.max(latest, one), Date.parse(from));
  return [Date.parse(from) - DAY_MS, end + DAY_MS];
}

function time(domain: [number, number]) {
  return {
    field: 'night',
    type: 'temporal',
    title: null,
    scale: { type: 'utc', nice: false, domain },
    axis: { format: '%-d %b', tickCount: 8 },
  } as const;
}

function intervalLayer(points: readonly TrendPoint[], yDomain: [number, number]): Layer {
  const values = points.map(({ startedAt, ratio: { value, low, high } }) => ({
    night: Date.parse(startedAt),
    ratio: short(low ?? value),
    high: short(high ?? value),
  }));
  return {
    data: { values },
    mark: { type: 'rule', color: DOT, opacity: 0.45, strokeWidth: 3 },
    encoding: { y: ratioAxis(yDomain), y2: { field: 'high' } },
  };
}

function pointLayer(points: readonly TrendPoint[], yDomain: [number, number]): Layer {
  const values = points.map(({ startedAt, ratio, status, summary, href }) => ({
    night: Date.parse(startedAt),
    day: dayOf(startedAt),
    ratio: short(ratio.value),
    text: rangeText(ratio),
    status,
    summary,
    href,
  }));
  return {
    data: { values },
    mark: { type: 'point', filled: true, size: 60, opacity: 1, cursor: 'pointer' },
    encoding: {
      y: ratioAxis(yDomain),
      href: { field: 'href' },
      ...STATUS_LOOKS,
      tooltip: [
        { field: 'day', title: 'night' },
        { field: 'text', title: 'times the control' },
        { field: 'summary', title: 'verdict' },
      ],
    },
  };
}

/** Nights without figures, as crosses along the bottom edge. */
function gapLayers(gaps: TrendJob['gaps']): Layer[] {
  if (gaps.length === 0) return [];
  const values = gaps.map(({ startedAt, summary, href }) => ({
    night: Date.parse(startedAt),
    day: dayOf(startedAt),
    summary,
    href,
  }));
  return [
    {
      data: { values },
      mark: { ...CROSS, cursor: 'pointer' },
      encoding: {
        y: { value: HEIGHT - 8 },
        href: { field: 'href' },
        tooltip: [
          { field: 'day', title: 'night' },
          { field: 'summary', title: 'no figures' },
        ],
      },
    },
  ];
}
