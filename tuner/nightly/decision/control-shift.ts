import { median } from '../../../engine/base/statistics.ts';
import { LEAST_HISTORY, lossOf } from './past-night.ts';
import { noiseScale } from './robust-scale.ts';

/** The level of the control: a lasting change of the machine is taken for granted after three nights. */
const LEVEL_NIGHTS = 5;
/** Nights that tell how much the control's figure varies by itself. */
const NOISE_NIGHTS = 20;
const LEAST_SHARE = 0.03;
const SIGMAS = 3;
/** Variance of a median of five normal values, over that of one: the level is not known exactly. */
const LEVEL_VARIANCE = 0.287;

export interface ControlShift {
  /** Tonight's control against its own level: a difference of logarithms. */
  readonly difference: number;
  readonly threshold: number;
  readonly moved: boolean;
}

/**
 * Whether the control, which nobody changed, runs otherwise than it did: by more than 3 %
 * and by more than three standard deviations of its own noise, in either direction. Then
 * the machine, or what runs on it, has changed, and a ratio to the control proves nothing
 * about the candidate. The level is the median of five nights, since the figure of one
 * machine drifts and steps. Null with fewer than 10 nights.
 */
export function controlShift(levels: readonly number[], tonight: number): ControlShift | null {
  if (levels.length < LEAST_HISTORY) return null;
  const difference = tonight - median(levels.slice(-LEVEL_NIGHTS));
  const spread = noiseScale(levels.slice(-NOISE_NIGHTS)) * Math.sqrt(1 + LEVEL_VARIANCE);
  const threshold = Math.max(lossOf(LEAST_SHARE), SIGMAS * spread);
  return { difference, threshold, moved: Math.abs(difference) > threshold };
}
