import type { TopLevelSpec } from 'vega-lite';
import { compareArms } from '../comparison.ts';
import { milliseconds } from '../figure-format.ts';
import { paretoFront } from '../pareto.ts';
import { type ArmResult, highlightOf, type RunView } from '../run-view.ts';
import { ARM_LOOKS, type ArmPoint, armPoints, isNamed } from './arm-points.ts';
import { BOUND_RULE, FRONT_LINE, POINT_NAME } from './chart-marks.ts';
import { isPositive, type Layer, linearDomain, logDomain, logTicks } from './chart-spec.ts';
import { ACCENT, ALARM, chartFrame, INK, WIDE } from './chart-theme.ts';
import { throughputAxis } from './linear-axis.ts';

/** Throughput against the bounded percentile, one point an arm; undefined with nothing to draw. */
export function throughputLatencyChart(view: RunView): TopLevelSpec | undefined {
  const points = armPoints(view, comparedArms(view));
  if (points.length === 0) return undefined;
  const limitMs = drawnBound(view);
  const latencies = points.map((point) => point.latencyMs);
  const xDomain = logDomain(limitMs === undefined ? latencies : [...latencies, limitMs]);
  const yDomain = linearDomain(points.map((point) => point.qps));
  return {
    ...chartFrame({ width: WIDE, height: 360 }),
    encoding: axesOf(view.percentile, xDomain, yDomain),
    layer: [
      ...boundLayers(limitMs, xDomain),
      frontLayer(frontOf(view)),
      ...pointLayers(points, view.percentile),
      ...nameLayers(points, view, { x: xDomain, y: yDomain }),
    ],
  };
}

function axesOf(percentile: string, xDomain: [number, number], yDomain: [number, number]) {
  return {
    x: {
      field: 'latencyMs',
      type: 'quantitative',
      title: `${percentile} latency of a request (ms, logarithmic)`,
      scale: { type: 'log', nice: false, domain: xDomain },
      axis: { values: logTicks(xDomain), format: '~r', grid: true },
    },
    y: throughputAxis(yDomain, 6),
  } as const;
}

/** The arms, default and winner with the figures of the table above, so that the two agree. */
function comparedArms(view: RunView): readonly ArmResult[] {
  const { before, after } = compareArms(view);
  return view.arms.map((arm) => {
    const figures = [before, after].find((one) => one?.armKey === arm.armKey);
    return figures === undefined ? arm : { ...arm, ...figures };
  });
}

/** The bound, unless it lies so far off that drawing it would squeeze the points together. */
export function drawnBound(view: RunView): number | undefined {
  const { limitMs } = view;
  const latencies = armPoints(view, comparedArms(view)).map((point) => point.latencyMs);
  if (!isPositive(limitMs) || latencies.length === 0) return undefined;
  const tooFar = limitMs > Math.max(...latencies) * 30 || limitMs < Math.min(...latencies) / 30;
  return tooFar ? undefined : limitMs;
}

/** The latency bound is drawn by itself; arms that break another constraint are no choice at all. */
function frontOf(view: RunView): readonly ArmPoint[] {
  const sound = comparedArms(view).filter((arm) =>
    arm.broken.every((item) => item.kind === 'latency'),
  );
  return paretoFront(armPoints(view, sound));
}

function boundLayers(limitMs: number | undefined, [low, high]: [number, number]): Layer[] {
  if (limitMs === undefined) return [];
  const onLeft = limitMs < Math.sqrt(low * high);
  const data = { values: [{ latencyMs: limitMs, text: `bound ${milliseconds(limitMs)}` }] };
  return [
    {
      data,
      mark: BOUND_RULE,
      encoding: { y: { value: 0 }, y2: { value: 'height' } },
    },
    {
      data,
      mark: {
        type: 'text',
        color: ALARM,
        align: onLeft ? 'left' : 'right',
        dx: onLeft ? 6 : -6,
        baseline: 'top',
      },
      encoding: { y: { value: 2 }, text: { field: 'text' } },
    },
  ];
}

function frontLayer(front: readonly ArmPoint[]): Layer {
  return {
    data: { values: front.map(({ latencyMs, qps }) => ({ latencyMs, qps })) },
    mark: FRONT_LINE,
  };
}

/** Plain arms first, so that the named ones are drawn on top of them. */
function pointLayers(points: readonly ArmPoint[], percentile: string): Layer[] {
  return [
    pointLayer(
      points.filter((point) => !isNamed(point)),
      percentile,
      42,
    ),
    pointLayer(points.filter(isNamed), percentile, 140),
  ];
}

function pointLayer(points: readonly ArmPoint[], percentile: string, size: number): Layer {
  return {
    data: { values: [...points] },
    mark: { type: 'point', filled: true, opacity: 0.9, size },
    encoding: {
      ...ARM_LOOKS,
      tooltip: [
        { field: 'arm', title: 'arm' },
        { field: 'throughput', title: 'throughput' },
        { field: 'latency', title: percentile },
        { field: 'trials', title: 'trials' },
      ],
    },
  };
}

interface Frame {
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
}

/**
 * Names of the two points that matter, above them: nothing lies up and to the
 * left of the front. When both would meet there, the default's goes below.
 */
function nameLayers(points: readonly ArmPoint[], view: RunView, frame: Frame): Layer[] {
  const named = points.filter(isNamed);
  const [first, second] = named;
  const close = first !== undefined && second !== undefined && areClose(first, second, frame);
  const middle = Math.sqrt(frame.x[0] * frame.x[1]);
  return named.map((point) => {
    const isDefault = point.kind === 'default';
    const toRight = point.latencyMs < middle;
    return nameLayer(point, isDefault ? 'default' : (highlightOf(view)?.name ?? ''), {
      align: toRight ? 'left' : 'right',
      dx: toRight ? -7 : 7,
      dy: close && isDefault ? 17 : -15,
    });
  });
}

/** Whether two names of this size, each above its point, would touch. */
function areClose(left: ArmPoint, right: ArmPoint, { x, y }: Frame): boolean {
  const across = Math.log(left.latencyMs / right.latencyMs) / Math.log(x[1] / x[0]);
  const up = (left.qps - right.qps) / (y[1] - y[0]);
  return Math.abs(across) < 0.1 && Math.abs(up) < 0.06;
}

function nameLayer(
  point: ArmPoint,
  name: string,
  place: { align: 'left' | 'right'; dx: number; dy: number },
): Layer {
  return {
    data: { values: [{ latencyMs: point.latencyMs, qps: point.qps, name }] },
    mark: {
      ...POINT_NAME,
      baseline: 'middle',
      fill: point.kind === 'default' ? INK : ACCENT,
      ...place,
    },
    encoding: { text: { field: 'name' } },
  };
}
