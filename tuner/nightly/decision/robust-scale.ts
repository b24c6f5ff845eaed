import { median } from '../../../engine/base/statistics.ts';

/** Makes the median absolute deviation of a normal sample its standard deviation: 1 / Phi^-1(3/4). */
const NORMAL_MAD = 1.4826;

export interface RobustCenter {
  readonly center: number;
  /** 1.4826 x MAD, in the unit of the values; 0 where more than half of them are equal. */
  readonly scale: number;
}

/** Median and scaled MAD of at least one value: half of the values may be wrong. */
export function robustCenter(values: readonly number[]): RobustCenter {
  const center = median([...values]);
  return { center, scale: NORMAL_MAD * median(values.map((value) => Math.abs(value - center))) };
}

/**
 * The scale of the noise around a level that moves: from differences of neighbours, whose
 * spread is sqrt(2) times that of the values. A step spoils one difference and a slow
 * drift none, where a MAD around one median would count both as noise. 0 for a single value.
 */
export function noiseScale(values: readonly number[]): number {
  const steps = values.slice(1).map((value, index) => Math.abs(value - (values[index] ?? value)));
  return steps.length === 0 ? 0 : (NORMAL_MAD * median(steps)) / Math.SQRT2;
}
