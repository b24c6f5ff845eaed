import type { TopLevelSpec } from 'vega-lite';
import { isPositive, type Layer, short } from '../charts/chart-spec.ts';
import { ACCENT, chartFrame, DOT, INK, WIDE } from '../charts/chart-theme.ts';

/** One host's bar. */
export interface Bar {
  readonly host: string;
  readonly value: number;
  readonly interval: { readonly low: number; readonly high: number } | null;
  /** Drawn thin: the interval is one session's own. */
  readonly withinSession: boolean;
  /** The first of its ranking. */
  readonly isBest: boolean;
  /** Not ranked, such as an estimate: drawn hollow. */
  readonly isRanked: boolean;
  readonly text: string;
}

const ROW_HEIGHT = 46;
/** Pixels below the middle of its row that a bar lies; its figure stands as far above. */
const BAR_DROP = 10;
/** Air behind the longest bar or interval, as a share of it. */
const AIR = 1.05;

/** A horizontal bar a host from zero, with its interval; undefined without a usable figure. */
export function hostBarsChart(all: readonly Bar[], title: string): TopLevelSpec | undefined {
  const bars = all.filter(({ value }) => isPositive(value));
  if (bars.length === 0) return undefined;
  const hosts = bars.map(({ host }) => host);
  const ends = bars.flatMap(({ value, interval }) => [value, interval?.high ?? value]);
  return {
    ...chartFrame({ width: WIDE, height: hosts.length * ROW_HEIGHT }),
    encoding: {
      x: {
        field: 'value',
        type: 'quantitative',
        title,
        scale: { nice: false, domain: [0, short(Math.max(...ends) * AIR)] },
        axis: { format: ',~r', tickCount: 6, grid: true },
      },
      y: { field: 'host', type: 'ordinal', title: null, sort: hosts, scale: { domain: hosts } },
    },
    layer: [barLayer(bars), ...intervalLayers(bars), textLayer(bars)],
  };
}

function rowOf(bar: Bar): Record<string, string | number> {
  return { host: bar.host, value: short(bar.value), text: bar.text };
}

function barLayer(bars: readonly Bar[]): Layer {
  const kind = ({ isBest, isRanked }: Bar): string =>
    isBest ? 'best' : isRanked ? 'ranked' : 'unranked';
  return {
    data: { values: bars.map((bar) => ({ ...rowOf(bar), kind: kind(bar) })) },
    mark: { type: 'bar', height: 16, yOffset: BAR_DROP, strokeWidth: 1.5 },
    encoding: {
      fill: {
        field: 'kind',
        type: 'nominal',
        legend: null,
        scale: { domain: ['best', 'ranked', 'unranked'], range: [ACCENT, DOT, 'transparent'] },
      },
      stroke: {
        field: 'kind',
        type: 'nominal',
        legend: null,
        scale: { domain: ['best', 'ranked', 'unranked'], range: [ACCENT, DOT, DOT] },
      },
      tooltip: [
        { field: 'host', title: 'host' },
        { field: 'text', title: 'figure' },
      ],
    },
  };
}

function intervalLayers(bars: readonly Bar[]): Layer[] {
  const layer = (own: readonly Bar[], stroke: { color: string; strokeWidth: number }): Layer[] => {
    const values = own.flatMap((bar) =>
      bar.interval === null
        ? []
        : [{ host: bar.host, value: short(bar.interval.low), high: short(bar.interval.high) }],
    );
    if (values.length === 0) return [];
    return [
      {
        data: { values },
        mark: { type: 'rule', yOffset: BAR_DROP, ...stroke },
        encoding: { x2: { field: 'high' } },
      },
    ];
  };
  return [
    ...layer(
      bars.filter(({ withinSession }) => !withinSession),
      { color: INK, strokeWidth: 3 },
    ),
    ...layer(
      bars.filter(({ withinSession }) => withinSession),
      { color: INK, strokeWidth: 1 },
    ),
  ];
}

/** Above the bars, from zero on: behind a long bar on a narrow page there is no room. */
function textLayer(bars: readonly Bar[]): Layer {
  return {
    data: { values: bars.map(rowOf) },
    mark: { type: 'text', align: 'left', dx: 1, dy: -BAR_DROP, baseline: 'middle' },
    encoding: { x: { value: 0 }, text: { field: 'text' } },
  };
}
