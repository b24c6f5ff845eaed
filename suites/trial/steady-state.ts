import { median } from '../../engine/base/statistics.ts';

/** Windows that must agree before a run counts as warmed up. */
const STEADY_WINDOWS = 5;
const STEADY_SPAN = 0.02;

export interface Steadiness {
  readonly steady: boolean;
  /** Range of the last window medians over their median; infinite with too few windows. */
  readonly span: number;
}

/**
 * Whether the latest window medians have settled: the last five span less than
 * 2 % and do not move in one direction. After "Virtual Machine Warmup Blows Hot
 * and Cold" (arXiv 1602.00602): a fixed count of warm-up runs is not enough.
 */
export function judgeSteadiness(windowMedians: readonly number[]): Steadiness {
  if (windowMedians.length < STEADY_WINDOWS) return { steady: false, span: Infinity };
  const last = windowMedians.slice(-STEADY_WINDOWS);
  const span = (Math.max(...last) - Math.min(...last)) / median(last);
  return { steady: span < STEADY_SPAN && !isMonotone(last), span };
}

function isMonotone(values: readonly number[]): boolean {
  const steps = values.slice(1).map((value, index) => value - (values[index] as number));
  return steps.every((step) => step > 0) || steps.every((step) => step < 0);
}
