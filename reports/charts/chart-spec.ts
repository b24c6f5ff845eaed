import type { TopLevelSpec } from 'vega-lite';

/** One layer of a layered chart. */
export type Layer = Extract<TopLevelSpec, { layer: unknown }>['layer'][number];

export interface Extent {
  readonly low: number;
  readonly high: number;
}

/** A linear axis around the values, with a share of air at both ends, never below `floor`. */
export function linearDomain(
  values: readonly number[],
  { air = 0.08, floor = 0 }: { air?: number; floor?: number } = {},
): [number, number] {
  const { low, high } = extentOf(values);
  const span = high > low ? high - low : Math.max(Math.abs(high), 1) * 0.2;
  return [short(Math.max(floor, low - span * air)), short(high + span * air)];
}

/** A logarithmic axis around positive values, with air at both ends. */
export function logDomain(values: readonly number[]): [number, number] {
  const { low, high } = extentOf(values);
  const air = Math.max((high / low) ** 0.08, 1.08);
  return [short(low / air), short(high * air)];
}

/** Round values to mark on a logarithmic axis: 1, 2 and 5 of each decade, or 1 when it is long. */
export function logTicks([low, high]: readonly [number, number]): number[] {
  const decades: number[] = [];
  for (let power = Math.floor(Math.log10(low)); 10 ** power <= high; power += 1)
    decades.push(power);
  const steps = decades.length > 5 ? [1] : [1, 2, 5];
  return decades
    .flatMap((power) => steps.map((step) => short(step * 10 ** power)))
    .filter((tick) => tick >= low && tick <= high);
}

/** Usable on a logarithmic axis and in JSON. */
export function isPositive(value: number | undefined): value is number {
  return value !== undefined && Number.isFinite(value) && value > 0;
}

/** Five significant digits are finer than a pixel and keep the page small. */
export function short(value: number): number {
  return Number(value.toPrecision(5));
}

function extentOf(values: readonly number[]): Extent {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return { low, high };
}
