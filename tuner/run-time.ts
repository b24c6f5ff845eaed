import { median } from '../engine/base/statistics.ts';
import type { TrialRecord } from '../suites/trial-record.ts';
import { trialProtocol, type TrialProtocol } from '../suites/trial/trial-spec.ts';
import type { RunRecord } from './run-record.ts';
import { EXPECTED_PROBES } from './serve-outcome.ts';
import { servedBounds } from './served-bounds.ts';
import { VERIFICATION_PAIRS } from './verification.ts';

/** How long the parts of a run take, from what its trials took so far. Milliseconds. */

/** Reported figures are measured longer than those that only steer the search. */
export const VERIFICATION_FACTOR = 2;

type Timed = Pick<RunRecord, 'trialMs' | 'budget' | 'constraints' | 'latencyBoundFrom'>;

/**
 * What is kept of the budget for the pairs of the verification and, where latency is
 * bounded, for the rates that are tried in `server`: at most half of it, beyond which
 * they take longer than the budget allows. `searched` holds at least one trial.
 */
export function keptMs(run: Timed, searched: readonly TrialRecord[]): number {
  return Math.min(afterSearchMs(run, searched), (run.budget.timeMs ?? Infinity) / 2);
}

/** What the verification and the rates will take, whether the budget has room for it or not. */
export function afterSearchMs(run: Timed, searched: readonly TrialRecord[]): number {
  return 2 * VERIFICATION_PAIRS * longerTrialMs(run, searched) + servingMs(run, searched);
}

/** What the search for rates will take; 0 without a bound on latency. */
export function servingMs(run: Timed, searched: readonly TrialRecord[]): number {
  if (servedBounds(run).length === 0 || searched.length === 0) return 0;
  return EXPECTED_PROBES * costOf(searched);
}

function longerTrialMs({ trialMs }: Timed, searched: readonly TrialRecord[]): number {
  const longer =
    spanMs(trialProtocol(trialMs * VERIFICATION_FACTOR)) - spanMs(trialProtocol(trialMs));
  return costOf(searched) + longer;
}

/** What a trial takes beside opening and scoring, when its warm-up takes as long as it may. */
function spanMs({ warmupMaxMs, measureMs }: TrialProtocol): number {
  return warmupMaxMs + measureMs;
}

/** What one trial took, about. */
export function costOf(trials: readonly TrialRecord[]): number {
  return median(trials.map(({ costMs }) => costMs));
}

const FIRST_TIMEOUT_MS = 300_000;
const LEAST_TIMEOUT_MS = 30_000;

/**
 * Generous for the first trial, of which nothing is known; then bounded by the
 * slowest one so far, so that a hung arm cannot eat the budget.
 */
export function trialTimeoutMs(trials: readonly TrialRecord[], protocol: TrialProtocol): number {
  const completed = trials.filter((trial) => trial.state === 'completed');
  if (completed.length === 0) return FIRST_TIMEOUT_MS;
  const slowest = Math.max(...completed.map(({ costMs }) => costMs));
  // A rate of the server scenario may take as long as its protocol allows.
  const atLeast = protocol.measureMinRequests > LEAST_REQUESTS ? protocol.measureMaxMs : 0;
  return Math.max(LEAST_TIMEOUT_MS, 4 * slowest, 2 * atLeast);
}

const LEAST_REQUESTS = trialProtocol(1000).measureMinRequests;
