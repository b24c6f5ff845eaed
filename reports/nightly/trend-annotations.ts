import { type Layer, short } from '../charts/chart-spec.ts';
import { INK, MUTED, PAPER } from '../charts/chart-theme.ts';
import { percent } from '../figure-format.ts';
import { dayOf } from './trend-headline.ts';
import { ratioAxis, STATUS_COLOR } from './trend-scales.ts';
import type { TrendChange, TrendJob, TrendMark } from './trend-view.ts';

/** What changed about the machine: a faint line, explained when pointed at. */
export function markLayers(marks: readonly TrendMark[]): Layer[] {
  if (marks.length === 0) return [];
  const values = marks.map(({ startedAt, texts }) => ({
    night: Date.parse(startedAt),
    day: dayOf(startedAt),
    text: texts.join(', '),
  }));
  const tooltip = [
    { field: 'day', title: 'night' },
    { field: 'text', title: 'changed' },
  ];
  return [
    {
      data: { values },
      mark: { type: 'rule', color: MUTED, strokeDash: [2, 3], opacity: 0.7 },
      encoding: { y: { value: 0 }, y2: { value: 'height' }, tooltip },
    },
    {
      data: { values },
      mark: { type: 'text', text: '▾', fontSize: 14, fill: MUTED, baseline: 'bottom' },
      encoding: { y: { value: 0 }, tooltip },
    },
  ];
}

/** The frozen release as a line, named beside the plot, where no point can be. */
export function baselineLayers(baseline: TrendJob['baseline'], yDomain: [number, number]): Layer[] {
  if (baseline === null) return [];
  const data = { values: [{ ratio: short(baseline.ratio), text: 'release' }] };
  return [
    {
      data,
      mark: { type: 'rule', color: INK, strokeDash: [4, 3], opacity: 0.6 },
      encoding: { x: { value: 0 }, x2: { value: 'width' }, y: ratioAxis(yDomain) },
    },
    {
      data,
      mark: {
        type: 'text',
        align: 'left',
        baseline: 'middle',
        dx: 5,
        fill: INK,
        stroke: PAPER,
        strokeWidth: 4,
      },
      encoding: { x: { value: 'width' }, y: ratioAxis(yDomain), text: { field: 'text' } },
    },
  ];
}

/** Where the level changed, and by how much. */
export function changeLayers(changes: readonly TrendChange[]): Layer[] {
  if (changes.length === 0) return [];
  const values = changes.map(({ startedAt, change, causes }) => ({
    night: Date.parse(startedAt),
    day: dayOf(startedAt),
    status: change < 0 ? 'regressed' : 'ok',
    text: `${change < 0 ? '−' : '+'}${percent(Math.abs(change))}`,
    causes: causes.length === 0 ? 'nothing that is recorded' : causes.join(', '),
  }));
  const tooltip = [
    { field: 'day', title: 'level changed' },
    { field: 'text', title: 'by' },
    { field: 'causes', title: 'what else changed' },
  ];
  return [
    {
      data: { values },
      mark: { type: 'rule', strokeWidth: 1.5 },
      encoding: { y: { value: 0 }, y2: { value: 'height' }, color: STATUS_COLOR, tooltip },
    },
    {
      data: { values },
      mark: { type: 'text', align: 'left', baseline: 'bottom', dx: 9, dy: -3, fontWeight: 600 },
      encoding: { y: { value: 0 }, text: { field: 'text' }, color: STATUS_COLOR, tooltip },
    },
  ];
}
