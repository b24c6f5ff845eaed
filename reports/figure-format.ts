import { formatBytes, formatNumber, formatPercent } from '../engine/base/units.ts';

/** How figures read in a report. Whatever is not finite reads as a dash, never as `NaN`. */
export const NOTHING = '–';

/** The ends of an interval; nothing bounds one with `null` from above. */
export interface Range {
  readonly low: number;
  readonly high: number | null;
}

/** An interval that says something. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** `5,210`, samples a second. */
export function rate(qps: number): string {
  // From here on three digits round up to a thousand, which is written with a separator.
  return finiteOr(qps, (value) => formatNumber(value >= 999.5 ? Math.max(value, 1000) : value));
}

/** `3.1 ms`. */
export function milliseconds(ms: number): string {
  return finiteOr(ms, (value) => `${formatNumber(value)} ms`);
}

export function bytes(count: number): string {
  return finiteOr(count, formatBytes);
}

export function percent(fraction: number): string {
  return finiteOr(fraction, formatPercent);
}

/** `1.62`; a ratio close to 1 keeps as many decimals as its interval is narrow. */
export function ratio(value: number, range?: Range): string {
  return finiteOr(value, (finite) => finite.toFixed(ratioDecimals(finite, range)));
}

/** `1.62 [1.58, 1.66]`. */
export function ratioWithRange(value: number, range: Range): string {
  if (!isInterval(range)) return ratio(value);
  return `${ratio(value, range)} ${bracketed(range)}`;
}

/** `1.62 times the default [1.58, 1.66]`. */
export function timesTheDefault(value: number, range: Range): string {
  const times = `${ratio(value, range)} times the default`;
  return isInterval(range) ? `${times} ${bracketed(range)}` : times;
}

/** Whether there is an interval to show: from a single trial or pair it starts at 0 and never ends. */
export function isInterval(range: Range): range is Interval {
  return range.high !== null && range.low > 0 && range.low < range.high;
}

/** `+3.1 %`, `−12 %`, `±0 %`, `2.04 ×`: the change from one figure to another. */
export function change(from: number, to: number): string {
  const fraction = to / from - 1;
  if (!Number.isFinite(fraction)) return NOTHING;
  if (fraction >= 1) return `${(1 + fraction).toFixed(fraction < 9 ? 2 : 1)} ×`;
  const size = Math.abs(fraction) * 100;
  const digits = size < 10 ? size.toFixed(1) : size.toFixed(0);
  if (Number(digits) === 0) return '±0 %';
  return `${fraction > 0 ? '+' : '−'}${digits} %`;
}

/** `2026-03-01 10:00 UTC` of an ISO time; any other text is left as it is. */
export function moment(iso: string): string {
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::[\d.]+)?Z$/.exec(iso);
  return match === null ? iso : `${match[1]} ${match[2]} UTC`;
}

/** `1 trial`, `2 trials`. */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
}

function bracketed(range: Interval): string {
  return `[${ratio(range.low, range)},\u00a0${ratio(range.high, range)}]`;
}

function finiteOr(value: number, format: (finite: number) => string): string {
  return Number.isFinite(value) ? format(value) : NOTHING;
}

/** Enough decimals for the interval's width, and so many that no end rounds to the 1 it is not. */
function ratioDecimals(value: number, range: Range | undefined): number {
  if (range === undefined || !isInterval(range)) return Math.abs(value) < 100 ? 2 : 0;
  const { low, high } = range;
  const least = Math.min(4, Math.max(2, -Math.floor(Math.log10((high - low) / 2))));
  const blurred = [low, high].some((end) => end !== 1 && Number(end.toFixed(least)) === 1);
  return blurred ? Math.min(4, least + 1) : least;
}
