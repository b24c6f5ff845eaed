import { referenceLayers } from '../charts/chart-marks.ts';
import { type Layer, short } from '../charts/chart-spec.ts';
import { MUTED } from '../charts/chart-theme.ts';
import { ratioAxis, STATUS_LOOKS } from './trend-scales.ts';
import { changeText, dayOf } from './trend-text.ts';
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

/** The frozen release. */
export function baselineLayers(baseline: TrendJob['baseline'], yDomain: [number, number]): Layer[] {
  if (baseline === null) return [];
  return referenceLayers({ ratio: short(baseline.ratio), text: 'release' }, ratioAxis(yDomain));
}

/** Where the level changed, and by how much. */
export function changeLayers(changes: readonly TrendChange[]): Layer[] {
  if (changes.length === 0) return [];
  const values = changes.map(({ startedAt, change, causes }) => ({
    night: Date.parse(startedAt),
    day: dayOf(startedAt),
    status: change < 0 ? 'regressed' : 'ok',
    text: changeText(change),
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
      encoding: { y: { value: 0 }, y2: { value: 'height' }, color: STATUS_LOOKS.color, tooltip },
    },
    {
      data: { values },
      mark: { type: 'text', align: 'left', baseline: 'bottom', dx: 9, dy: -3, fontWeight: 600 },
      encoding: { y: { value: 0 }, text: { field: 'text' }, color: STATUS_LOOKS.color, tooltip },
    },
  ];
}
