import type { Estimate } from '../../engine/base/statistics.ts';

/** What a comparison of B with A says about one metric. */
export const VERDICTS = [
  'better',
  'worse',
  'equivalent',
  'different-within-margin',
  'inconclusive',
] as const;
export type Verdict = (typeof VERDICTS)[number];

/**
 * The verdict of an interval around a ratio B / A, where changes of less than `margin`
 * (0.02 for 2 %) do not matter. Better and worse: the interval lies wholly beyond the
 * margin. Equivalent: wholly inside it, around 1. Different within the margin: it excludes
 * 1, but not the margin. Inconclusive: it excludes neither 1 nor what matters.
 */
export function judgeRatio(
  interval: Pick<Estimate, 'low' | 'high'>,
  margin: number,
  { higherIsBetter }: { readonly higherIsBetter: boolean },
): Verdict {
  const { low, high } = interval;
  if (low > 1 + margin) return higherIsBetter ? 'better' : 'worse';
  if (high < 1 - margin) return higherIsBetter ? 'worse' : 'better';
  if (low > 1 || high < 1) return 'different-within-margin';
  return isWithin(interval, margin) ? 'equivalent' : 'inconclusive';
}

/** Whether every ratio of the interval is closer to 1 than the margin. */
export function isWithin(interval: Pick<Estimate, 'low' | 'high'>, margin: number): boolean {
  return interval.low > 1 - margin && interval.high < 1 + margin;
}
