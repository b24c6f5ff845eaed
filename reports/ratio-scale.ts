/** A logarithmic axis of ratios: its ends, and round values to mark. */
export interface RatioScale {
  readonly domain: readonly [number, number];
  readonly ticks: readonly number[];
}

/** Steps between marks, coarsest last; each keeps 1 on the axis. */
const TICK_SETS: readonly (readonly number[])[] = [
  [0.9, 0.92, 0.94, 0.96, 0.98, 1, 1.02, 1.04, 1.06, 1.08, 1.1],
  [0.8, 0.85, 0.9, 0.95, 1, 1.05, 1.1, 1.15, 1.2, 1.25],
  [0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6],
  [0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.25, 1.5, 2, 2.5, 3],
  [0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 7, 10],
  [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100],
  [0.0001, 0.001, 0.01, 0.1, 1, 10, 100, 1000, 10_000],
];

/** Share of the axis between two marks, at least: on the shortest, 190 pixels, a label needs 21. */
const SMALLEST_GAP = 0.11;

/** A scale that holds 1 and every value, with a little air at both ends. */
export function ratioScale(values: readonly number[]): RatioScale {
  const usable = values.filter((value) => Number.isFinite(value) && value > 0);
  const low = Math.min(1, ...usable);
  const high = Math.max(1, ...usable);
  const air = Math.max((high / low) ** 0.06, 1.02);
  const domain = [rounded(low / air), rounded(high * air)] as const;
  return { domain, ticks: ticksWithin(domain) };
}

function ticksWithin([low, high]: readonly [number, number]): readonly number[] {
  const inside = (set: readonly number[]): readonly number[] =>
    set.filter((tick) => tick >= low && tick <= high);
  const set = TICK_SETS.find(
    (candidate) =>
      covers(candidate, low, high) &&
      smallestGap(inside(candidate)) >= SMALLEST_GAP * Math.log(high / low),
  );
  return inside(set ?? [1]);
}

/** Whether a set reaches so far that no end of the axis is left without marks. */
function covers(set: readonly number[], low: number, high: number): boolean {
  return low >= (set[0] ?? 1) * 0.8 && high <= (set.at(-1) ?? 1) * 1.25;
}

/** In logarithms; infinite below two marks. */
function smallestGap(ticks: readonly number[]): number {
  const gaps = ticks.slice(1).map((tick, index) => Math.log(tick / (ticks[index] ?? tick)));
  return Math.min(...gaps);
}

/** Keeps specs readable; four significant digits are finer than a pixel. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
