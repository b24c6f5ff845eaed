import type { NightStatus } from './trend-view.ts';
import { ACCENT, ALARM, DOT } from '../charts/chart-theme.ts';

/** What the layers of a trend share: Vega-Lite would merge two different scales into one of its own. */

export const STATUSES = [
  'ok',
  'regressed',
  'inconclusive',
  'invalid',
] as const satisfies NightStatus[];

export const STATUS_COLOR = {
  field: 'status',
  type: 'nominal',
  legend: null,
  scale: { domain: [...STATUSES], range: [ACCENT, ALARM, DOT, DOT] },
} as const;

export interface RatioAxis {
  readonly field: 'ratio';
  readonly type: 'quantitative';
  readonly title: string;
  readonly scale: {
    readonly zero: false;
    readonly nice: false;
    readonly domain: [number, number];
  };
  readonly axis: { readonly format: string; readonly tickCount: number };
}

export function ratioAxis(domain: [number, number]): RatioAxis {
  return {
    field: 'ratio',
    type: 'quantitative',
    title: 'times the control (more is better)',
    scale: { zero: false, nice: false, domain },
    axis: { format: '~r', tickCount: 5 },
  };
}
