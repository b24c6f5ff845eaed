import { isTransient } from './trial-findings.ts';
import type { TrialRecord } from './trial-record.ts';

/** Trials of one thing until it is given up: an invalid one is repeated twice. */
export const MAX_ATTEMPTS = 3;

/** Whether the machine, and not what is measured, was to blame. */
export function isRepeatable(trial: TrialRecord): boolean {
  return trial.state === 'invalid' && trial.reasons.every(isTransient);
}

/** Measures until the machine did not disturb the trial, `attempts` times at most. */
export async function untilUndisturbed(
  measure: () => Promise<TrialRecord>,
  attempts = MAX_ATTEMPTS,
): Promise<TrialRecord> {
  let last = await measure();
  for (let attempt = 1; attempt < attempts && isRepeatable(last); attempt += 1) {
    last = await measure();
  }
  return last;
}
