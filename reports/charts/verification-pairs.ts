import type { TopLevelSpec } from 'vega-lite';
import type { Verification } from '../../tuner/run-record.ts';
import { isInterval, ratio, ratioWithRange } from '../figure-format.ts';
import { type RatioScale, ratioScale } from '../ratio-scale.ts';
import { REFERENCE_RULE } from './chart-marks.ts';
import { isPositive, type Layer, short } from './chart-spec.ts';
import { ACCENT, chartFrame, DOT, LINE, WIDE } from './chart-theme.ts';

const ROW_HEIGHT = 26;
const SUMMARY = 'all pairs';

interface PairRow {
  readonly row: string;
  readonly ratio: number;
  readonly order: string;
  readonly text: string;
}

/**
 * A forest plot: one row a pair, the estimate with its interval below, the
 * margin as a band around 1. Undefined without a usable pair.
 */
export function verificationPairsChart(verification: Verification): TopLevelSpec | undefined {
  const rows = rowsOf(verification);
  if (rows.length === 0) return undefined;
  const scale = scaleOf(verification, rows);
  const names = [...rows.map((row) => row.row), SUMMARY];
  return {
    ...chartFrame({ width: WIDE, height: names.length * ROW_HEIGHT }),
    encoding: {
      x: {
        field: 'ratio',
        type: 'quantitative',
        title: 'throughput of the candidate ÷ default (logarithmic)',
        scale: { type: 'log', nice: false, domain: [...scale.domain] },
        axis: { values: [...scale.ticks], format: '~r', grid: true },
      },
      y: {
        field: 'row',
        type: 'ordinal',
        title: null,
        sort: names,
        scale: { domain: names },
      },
    },
    layer: [...marginLayers(verification.margin), pairLayer(rows), ...summaryLayers(verification)],
  };
}

/** Holds every pair, the interval when there is one, and the margin. */
function scaleOf({ ratio: estimate, margin }: Verification, rows: readonly PairRow[]): RatioScale {
  const ends = isInterval(estimate) ? [estimate.low, estimate.high] : [];
  const pairs = rows.map((row) => row.ratio);
  return ratioScale([...pairs, ...ends, estimate.value, 1 - margin, 1 + margin]);
}

function rowsOf(verification: Verification): readonly PairRow[] {
  return verification.pairs.flatMap((pair) => {
    const value = Math.exp(pair.logRatio);
    if (!isPositive(value)) return [];
    const order = pair.order === 'AB' ? 'default first' : 'candidate first';
    return [
      {
        row: `pair ${pair.pair + 1}, ${pair.order}`,
        ratio: short(value),
        order,
        text: `${ratio(value)} ×`,
      },
    ];
  });
}

function marginLayers(margin: number): Layer[] {
  return [
    {
      data: { values: [{ ratio: short(1 - margin), high: short(1 + margin) }] },
      mark: { type: 'rect', fill: LINE, opacity: 0.8 },
      encoding: { x2: { field: 'high' }, y: { value: 0 }, y2: { value: 'height' } },
    },
    {
      data: { values: [{ ratio: 1 }] },
      mark: REFERENCE_RULE,
      encoding: { y: { value: 0 }, y2: { value: 'height' } },
    },
  ];
}

function pairLayer(rows: readonly PairRow[]): Layer {
  return {
    data: { values: [...rows] },
    mark: { type: 'point', filled: true, size: 70, color: DOT, opacity: 1 },
    encoding: {
      shape: {
        field: 'order',
        type: 'nominal',
        legend: null,
        scale: { domain: ['default first', 'candidate first'], range: ['circle', 'square'] },
      },
      tooltip: [
        { field: 'row', title: 'pair' },
        { field: 'order', title: 'order' },
        { field: 'text', title: 'candidate ÷ default' },
      ],
    },
  };
}

function summaryLayers(verification: Verification): Layer[] {
  const { value, low, high } = verification.ratio;
  if (!isPositive(value)) return [];
  const text = ratioWithRange(value, verification.ratio);
  const data = { values: [{ row: SUMMARY, ratio: short(value), text }] };
  const bar: Layer = {
    data: { values: [{ row: SUMMARY, ratio: short(low), high: short(high) }] },
    mark: { type: 'rule', color: ACCENT, strokeWidth: 3 },
    encoding: { x2: { field: 'high' } },
  };
  const tooltip = [{ field: 'text', title: 'ratio and 95 % interval' }];
  return [
    ...(isInterval(verification.ratio) ? [bar] : []),
    {
      data,
      mark: { type: 'point', filled: true, shape: 'diamond', size: 150, color: ACCENT, opacity: 1 },
      encoding: { tooltip },
    },
  ];
}
