import type { TopLevelSpec } from 'vega-lite';
import type { RunView } from '../run-view.ts';
import { CROSS, referenceLayers } from './chart-marks.ts';
import { isPositive, type Layer, linearDomain, short } from './chart-spec.ts';
import { ACCENT, ALARM, chartFrame, DOT, LINE, MUTED, WIDE } from './chart-theme.ts';
import { kindLooks } from './kind-looks.ts';
import { throughputAxis } from './linear-axis.ts';
import { type Timeline, type TimelineMark, timelineOf, type TimelineStop } from './timeline.ts';

const HEIGHT = 260;
const TICKS = 5;

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
  return referenceLayers({ qps: short(qps), text: 'default' }, throughputAxis(yDomain, TICKS));
}

const MARK_LOOKS = Object.freeze(
  kindLooks<TimelineMark['kind']>('kind', {
    meets: [DOT, 'circle'],
    breaks: [ALARM, 'triangle-down'],
    verify: [MUTED, 'square'],
  }),
);

function markLayer(marks: readonly TimelineMark[], yDomain: [number, number]): Layer {
  return {
    data: { values: [...marks] },
    mark: { type: 'point', filled: true, size: 38, opacity: 0.9 },
    encoding: {
      y: throughputAxis(yDomain, TICKS),
      ...MARK_LOOKS,
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
      mark: CROSS,
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
