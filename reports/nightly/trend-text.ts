import { percent, ratioWithRange } from '../figure-format.ts';
import type { RatioRange } from './trend-view.ts';

/** `1.62 [1.58, 1.66]`; without the range where a side of it is open. */
export function rangeText({ value, low, high }: RatioRange): string {
  return ratioWithRange(value, { low: low ?? 0, high });
}

/** `−6 %`, `+2.1 %`: a relative change of the level. */
export function changeText(change: number): string {
  return `${change < 0 ? '−' : '+'}${percent(Math.abs(change))}`;
}

/** `2026-11-03` of an ISO time. */
export function dayOf(startedAt: string): string {
  return startedAt.slice(0, 10);
}
