/**
 * What a night says about one job, in logarithms whose sign is chosen so that more is
 * better, whatever the metric.
 */
export interface PastNight {
  /** Of the night's start, ISO 8601 in UTC: it sorts by time. */
  readonly startedAt: string;
  /** log(candidate / control). */
  readonly gain: number;
  /** log of the control's own figure. */
  readonly control: number;
  /** The control was not where it used to be: it tells about the machine, and nothing else. */
  readonly moved: boolean;
}

/** Nights without which nothing is said about a change. */
export const LEAST_HISTORY = 10;

/** A relative change of `share` for the worse, as a (positive) difference of logarithms. */
export function lossOf(share: number): number {
  return -Math.log1p(-share);
}

/** The relative change that a difference of logarithms is: -0.05 for 5 % less. */
export function changeOf(difference: number): number {
  return Math.expm1(difference);
}
