import type { Layer } from './chart-spec.ts';
import { ACCENT, ALARM, INK, PAPER } from './chart-theme.ts';
import type { LinearAxis } from './linear-axis.ts';

/** Marks that mean the same in every chart: a reader learns each of them once. */

/** The page paints this outline under the letters: a halo against what lies below them. */
export const HALO = Object.freeze({ stroke: PAPER, strokeWidth: 4 });

/** The name of a point that matters; its colour and its place are the chart's. */
export const POINT_NAME = Object.freeze({
  type: 'text',
  fontSize: 13,
  fontWeight: 600,
  ...HALO,
} as const);

/** What everything else is compared with: the default, the release, a ratio of 1. */
export const REFERENCE_RULE = Object.freeze({
  type: 'rule',
  color: INK,
  strokeDash: [4, 3],
  opacity: 0.6,
});

/** A bound that must be met. */
export const BOUND_RULE = Object.freeze({ type: 'rule', color: ALARM, strokeDash: [4, 3] });

/** The line from one point of a front to the next. */
export const FRONT_LINE = Object.freeze({
  type: 'line',
  interpolate: 'step-after',
  color: ACCENT,
  strokeWidth: 1.5,
  opacity: 0.55,
});

/** Something that ended without a figure. */
export const CROSS = Object.freeze({
  type: 'text',
  text: '×',
  fontSize: 16,
  fontWeight: 700,
  fill: ALARM,
  baseline: 'middle',
});

/** A reference across the whole plot, named beside it, where no point can be. */
export function referenceLayers(
  datum: { readonly text: string } & Readonly<Record<string, string | number>>,
  y: LinearAxis,
): Layer[] {
  const data = { values: [datum] };
  return [
    { data, mark: REFERENCE_RULE, encoding: { x: { value: 0 }, x2: { value: 'width' }, y } },
    {
      data,
      mark: { type: 'text', align: 'left', baseline: 'middle', dx: 5, fill: INK, ...HALO },
      encoding: { x: { value: 'width' }, y, text: { field: 'text' } },
    },
  ];
}
