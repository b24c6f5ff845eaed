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

/** What is marked in each decade of a logarithmic axis, coarsest first. */
const DECADE_STEPS: readonly (readonly number[])[] = [
  [1],
  [1, 2, 5],
  [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9],
  Array.from({ length: 90 }, (_, index) => 1 + index / 10),
];

/** Marks that an axis needs at the least, so that its scale can be read. */
const FEWEST_TICKS = 3;

/** Round values to mark on a logarithmic axis: 1, 2 and 5 of each decade, fewer on a long one, more on a short. */
export function logTicks([low, high]: readonly [number, number]): number[] {
  const decades: number[] = [];
  for (let power = Math.floor(Math.log10(low)); 10 ** power <= high; power += 1)
    decades.push(power);
  const candidates = DECADE_STEPS.slice(decades.length > 5 ? 0 : 1).map((steps) =>
    decades
      .flatMap((power) => steps.map((step) => short(step * 10 ** power)))
      .filter((tick) => tick >= low && tick <= high),
  );
  return candidates.find(({ length }) => length >= FEWEST_TICKS) ?? candidates.at(-1) ?? [];
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
