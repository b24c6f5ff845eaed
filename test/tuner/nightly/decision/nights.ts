import type { PastNight } from '../../../../tuner/nightly/decision/past-night.ts';

/** Nights from 1 January 2026 on, one a day, with these gains and a control that never moves. */
export function nightsWith(gains: readonly number[]): PastNight[] {
  return gains.map((gain, index) => ({
    startedAt: new Date(Date.UTC(2026, 0, 1 + index, 2)).toISOString(),
    gain,
    control: 5,
    moved: false,
  }));
}

/** A gain that wobbles by half a per cent around a level. */
export function wobble(count: number, level = 0): number[] {
  return Array.from({ length: count }, (_, i) => level + ((i % 3) - 1) / 200);
}
