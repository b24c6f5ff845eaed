import { controlLevel, LEVEL_NIGHTS, medianVariance } from './control-level.ts';
import { LEAST_HISTORY, lossOf } from './past-night.ts';

const LEAST_SHARE = 0.03;
const SIGMAS = 3;

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
 * about the candidate. Null with fewer than 10 nights.
 */
export function controlShift(levels: readonly number[], tonight: number): ControlShift | null {
  if (levels.length < LEAST_HISTORY) return null;
  const { level, spread } = controlLevel(levels);
  const difference = tonight - level;
  const error = spread * Math.sqrt(1 + medianVariance(LEVEL_NIGHTS));
  const threshold = Math.max(lossOf(LEAST_SHARE), SIGMAS * error);
  return { difference, threshold, moved: Math.abs(difference) > threshold };
}
