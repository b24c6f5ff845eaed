/** Turns the readings of a counter that wraps into energy that only grows. */
export interface EnergyCounter {
  /** Takes the counter's own value in J, read at `atMs`. The first call is the zero. */
  advance(joules: number, atMs: number): { readonly joules: number; readonly restarted?: true };
}

/**
 * No part with one counter draws more than this. It tells a wrap from a reset:
 * read as a wrap, a reset would stand for a huge energy within an instant.
 * A RAPL counter of 65 kJ takes 13 s to wrap at this power.
 */
const MOST_WATTS = 5000;

/** `rangeJ`: where the counter starts again at 0, null for one that does not. */
export function createEnergyCounter(rangeJ: number | null): EnergyCounter {
  let total = 0;
  let last: { readonly joules: number; readonly atMs: number } | null = null;
  return {
    advance: (joules, atMs) => {
      const step = last === null ? 0 : stepJ(joules - last.joules, atMs - last.atMs, rangeJ);
      last = { joules, atMs };
      total += step ?? 0;
      return step === null ? { joules: total, restarted: true } : { joules: total };
    },
  };
}

/** Energy between two readings in J, or null where the counter began anew. */
function stepJ(difference: number, elapsedMs: number, rangeJ: number | null): number | null {
  if (difference >= 0) return difference;
  if (rangeJ === null) return null;
  const wrapped = difference + rangeJ;
  return wrapped >= 0 && wrapped <= (MOST_WATTS * elapsedMs) / 1000 ? wrapped : null;
}
