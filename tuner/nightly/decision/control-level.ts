import { median } from '../../../engine/base/statistics.ts';
import { noiseScale } from './robust-scale.ts';

/** The level of the control: a lasting change of the machine is taken for granted after three nights. */
export const LEVEL_NIGHTS = 5;
/** Nights that tell how much the control's figure varies by itself. */
const NOISE_NIGHTS = 20;
/** Variance of the median of 1 to 5 normal values, over that of one. */
const MEDIAN_VARIANCES = [1, 0.5, 0.4487, 0.2982, 0.2868] as const;

export interface ControlLevel {
  /** Median of the last five nights, since the figure of one machine drifts and steps. */
  readonly level: number;
  /** Standard deviation of one night's figure. */
  readonly spread: number;
}

/** Where the control was, from at least five nights in order; logarithms, as in `PastNight`. */
export function controlLevel(controls: readonly number[]): ControlLevel {
  return {
    level: median(controls.slice(-LEVEL_NIGHTS)),
    spread: noiseScale(controls.slice(-NOISE_NIGHTS)),
  };
}

/** Of the median of `count` nights, at most five, in terms of one night's: it is not known exactly. */
export function medianVariance(count: number): number {
  return MEDIAN_VARIANCES[count - 1] ?? 1;
}
