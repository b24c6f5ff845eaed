import type { TopLevelSpec } from 'vega-lite';
import type { HostComparison, HostResult } from '../../tuner/compare/comparison.ts';
import { BOUND_RULE, HALO } from '../charts/chart-marks.ts';
import {
  isPositive,
  type Layer,
  linearDomain,
  logDomain,
  logTicks,
  short,
} from '../charts/chart-spec.ts';
import { ACCENT, chartFrame, DOT, INK, MUTED, WIDE } from '../charts/chart-theme.ts';
import { milliseconds, rate } from '../figure-format.ts';

/** Colours and shapes repeat beyond these: the names at the lines tell then. */
const COLOURS = [ACCENT, INK, DOT, MUTED] as const;
const SHAPES = ['circle', 'square', 'diamond', 'triangle-up'] as const;

interface CurvePoint {
  readonly host: string;
  readonly rate: number;
  readonly latencyMs: number;
  readonly text: string;
}

/** The percentile that the curves show: the bounded one, else p99. */
export function curvePercentile({ constraints }: HostComparison): 'p50' | 'p90' | 'p95' | 'p99' {
  return constraints.find((one) => one.kind === 'latency')?.percentile ?? 'p99';
}

/** Latency over the rate of arrivals, a line a host; undefined where no host has two rates. */
export function loadCurvesChart(comparison: HostComparison): TopLevelSpec | undefined {
  const percentile = curvePercentile(comparison);
  const curves = comparison.hosts
    .map((host) => pointsOf(host, percentile))
    .filter(({ length }) => length > 1);
  const points = curves.flat();
  if (points.length === 0) return undefined;
  const bound = comparison.constraints.find((one) => one.kind === 'latency')?.limitMs;
  return {
    ...chartFrame({ width: WIDE, height: 320 }),
    encoding: axesOf(points, percentile, bound),
    layer: [...boundLayer(bound), ...curves.flatMap(curveLayers)],
  };
}

function axesOf(points: readonly CurvePoint[], percentile: string, bound: number | undefined) {
  const rates = points.map((point) => point.rate);
  const latencies = points.map(({ latencyMs }) => latencyMs);
  const yDomain = logDomain(isPositive(bound) ? [...latencies, bound] : latencies);
  return {
    x: {
      field: 'rate',
      type: 'quantitative',
      title: 'mean arrivals (queries/s)',
      scale: { nice: false, domain: linearDomain(rates, { air: 0.12 }) },
      axis: { format: ',~r', tickCount: 6, grid: true },
    },
    y: {
      field: 'latencyMs',
      type: 'quantitative',
      title: `${percentile} latency (ms, logarithmic)`,
      scale: { type: 'log', nice: false, domain: yDomain },
      axis: { values: logTicks(yDomain), format: '~r' },
    },
  } as const;
}

function pointsOf(
  { id, curve }: HostResult,
  percentile: 'p50' | 'p90' | 'p95' | 'p99',
): readonly CurvePoint[] {
  return curve.flatMap(({ ratePerSecond, latencyMs, unanswered }) => {
    const value = latencyMs[percentile];
    if (!isPositive(value) || !isPositive(ratePerSecond)) return [];
    const late = unanswered === 0 ? '' : `, ${rate(unanswered)} not answered in time`;
    return [
      {
        host: id,
        rate: short(ratePerSecond),
        latencyMs: short(value),
        text: `${milliseconds(value)} at ${rate(ratePerSecond)}/s${late}`,
      },
    ];
  });
}

function boundLayer(limitMs: number | undefined): Layer[] {
  if (!isPositive(limitMs)) return [];
  return [
    {
      data: { values: [{ latencyMs: short(limitMs) }] },
      mark: BOUND_RULE,
      encoding: { x: { value: 0 }, x2: { value: 'width' } },
    },
  ];
}

function curveLayers(points: readonly CurvePoint[], index: number): Layer[] {
  const colour = COLOURS[index % COLOURS.length] ?? INK;
  const shape = SHAPES[index % SHAPES.length] ?? 'circle';
  const values = [...points];
  return [
    { data: { values }, mark: { type: 'line', color: colour, strokeWidth: 2 } },
    {
      data: { values },
      mark: { type: 'point', filled: true, color: colour, shape, size: 60, opacity: 1 },
      encoding: {
        tooltip: [
          { field: 'host', title: 'host' },
          { field: 'text', title: 'latency' },
        ],
      },
    },
    {
      data: { values: values.slice(-1) },
      mark: {
        type: 'text',
        align: 'right',
        dx: -8,
        dy: -12,
        fontWeight: 600,
        fill: colour,
        ...HALO,
      },
      encoding: { text: { field: 'host' } },
    },
  ];
}
