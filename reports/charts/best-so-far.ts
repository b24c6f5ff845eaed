import type { TopLevelSpec } from 'vega-lite';
import type { RunView } from '../run-view.ts';
import { isPositive, type Layer, linearDomain, short } from './chart-spec.ts';
import { type Timeline, type TimelineMark, timelineOf, type TimelineStop } from './timeline.ts';
import { ACCENT, ALARM, chartFrame, DOT, INK, LINE, MUTED, PAPER, WIDE } from './chart-theme.ts';

const HEIGHT = 260;

/** Every trial over the time spent, and the best so far; undefined with nothing to draw. */
export function bestSoFarChart(view: RunView): TopLevelSpec | undefined {
  const timeline = timelineOf(view);
  if (timeline.marks.length === 0) return undefined;
  const yDomain = linearDomain(timeline.marks.map((mark) => mark.qps));
  return {
    ...chartFrame({ width: WIDE, height: HEIGHT }),
    encoding: {
      x: {
        field: 'minutes',
        type: 'quantitative',
        title: 'time spent on trials (min)',
        scale: { nice: false, domain: [0, short(timeline.end * 1.01)] },
        axis: { format: '~r', tickCount: 8 },
      },
    },
    layer: [
      ...verificationLayers(timeline),
      ...defaultLayers(view, yDomain),
      markLayer(timeline.marks, yDomain),
      bestLayer(timeline),
      ...stopLayers(timeline.stops),
    ],
  };
}

function verificationLayers({ verifyFrom, end }: Timeline): Layer[] {
  if (verifyFrom === undefined) return [];
  const data = { values: [{ minutes: verifyFrom, end, text: 'verification' }] };
  return [
    {
      data,
      mark: { type: 'rect', fill: LINE, opacity: 0.4 },
      encoding: { x2: { field: 'end' }, y: { value: 0 }, y2: { value: HEIGHT } },
    },
    {
      data,
      mark: { type: 'text', align: 'left', baseline: 'bottom', dx: 2, fill: MUTED },
      encoding: { y: { value: -5 }, text: { field: 'text' } },
    },
  ];
}

function defaultLayers(view: RunView, yDomain: [number, number]): Layer[] {
  const qps = view.baseline?.qps.value;
  if (!isPositive(qps)) return [];
  const data = { values: [{ qps: short(qps), text: 'default' }] };
  return [
    {
      data,
      mark: { type: 'rule', color: INK, strokeDash: [4, 3], opacity: 0.6 },
      encoding: { x: { value: 0 }, x2: { value: 'width' }, y: throughput(yDomain) },
    },
    {
      data,
      mark: {
        type: 'text',
        align: 'left',
        // Beside the plot, where no point can be.
        baseline: 'middle',
        dx: 5,
        fill: INK,
        stroke: PAPER,
        strokeWidth: 4,
      },
      encoding: { x: { value: 'width' }, y: throughput(yDomain), text: { field: 'text' } },
    },
  ];
}

function markLayer(marks: readonly TimelineMark[], yDomain: [number, number]): Layer {
  const kinds: TimelineMark['kind'][] = ['meets', 'breaks', 'verify'];
  return {
    data: { values: [...marks] },
    mark: { type: 'point', filled: true, size: 38, opacity: 0.9 },
    encoding: {
      y: throughput(yDomain),
      color: {
        field: 'kind',
        type: 'nominal',
        legend: null,
        scale: { domain: kinds, range: [DOT, ALARM, MUTED] },
      },
      shape: {
        field: 'kind',
        type: 'nominal',
        legend: null,
        scale: { domain: kinds, range: ['circle', 'triangle-down', 'square'] },
      },
      tooltip: [
        { field: 'trial', title: 'trial' },
        { field: 'arm', title: 'arm' },
        { field: 'throughput', title: 'throughput' },
      ],
    },
  };
}

function bestLayer({ best, end, verifyFrom }: Timeline): Layer {
  const last = best.at(-1);
  const values = last === undefined ? [] : [...best, { minutes: verifyFrom ?? end, qps: last.qps }];
  return {
    data: { values },
    mark: { type: 'line', interpolate: 'step-after', color: ACCENT, strokeWidth: 2 },
    encoding: { y: { field: 'qps', type: 'quantitative' } },
  };
}

/** Trials without a figure, as crosses along the bottom edge. */
function stopLayers(stops: readonly TimelineStop[]): Layer[] {
  if (stops.length === 0) return [];
  return [
    {
      data: { values: [...stops] },
      mark: {
        type: 'text',
        text: '×',
        fontSize: 16,
        fontWeight: 700,
        fill: ALARM,
        baseline: 'middle',
      },
      encoding: {
        y: { value: HEIGHT - 8 },
        tooltip: [
          { field: 'trial', title: 'trial' },
          { field: 'arm', title: 'arm' },
          { field: 'state', title: 'state' },
        ],
      },
    },
  ];
}

function throughput(domain: [number, number]) {
  return {
    field: 'qps',
    type: 'quantitative',
    title: 'throughput (samples/s)',
    scale: { zero: false, nice: false, domain },
    axis: { format: ',~r', tickCount: 5 },
  } as const;
}
