import { LEAST_HISTORY, lossOf } from './past-night.ts';
import { robustCenter } from './robust-scale.ts';

/** Nights that tonight is compared with. */
export const SCREEN_NIGHTS = 20;
/** Robust standard deviations beyond which a night is not noise. */
const SIGMAS = 3;

export interface Screening {
  /** Tonight against the median of the nights before: a difference of logarithms. */
  readonly difference: number;
  /** How far from 0 it has to be to matter. */
  readonly threshold: number;
  readonly state: 'worse' | 'better' | 'usual';
}

/**
 * Tonight against the median of the last 20 nights: worse (or better) when it is off by
 * more than `leastShare` (0.03 for 3 %) and by more than 3 x 1.4826 MAD, with which the
 * standard deviation of an error that all these nights share is combined. Null with fewer
 * than 10 nights before it.
 */
export function screen(
  gains: readonly number[],
  tonight: number,
  { leastShare, sharedError = 0 }: { readonly leastShare: number; readonly sharedError?: number },
): Screening | null {
  if (gains.length < LEAST_HISTORY) return null;
  const { center, scale } = robustCenter(gains.slice(-SCREEN_NIGHTS));
  const threshold = Math.max(lossOf(leastShare), SIGMAS * Math.hypot(scale, sharedError));
  const difference = tonight - center;
  return { difference, threshold, state: stateOf(difference, threshold) };
}

function stateOf(difference: number, threshold: number): Screening['state'] {
  if (difference < -threshold) return 'worse';
  return difference > threshold ? 'better' : 'usual';
}
