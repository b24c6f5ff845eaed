import type { TrialPurpose, TrialRecord } from '../suites/trial-record.ts';
import type { RunRecord } from './run-record.ts';
import { afterSearchMs, costOf, keptMs, servingMs } from './run-time.ts';
import type { Budget } from './search/searcher.ts';

/** Where a run stands. */
export interface RunPosition {
  readonly run: RunRecord;
  /** In the order of their ends. */
  readonly trials: readonly TrialRecord[];
  /** All sittings together, milliseconds. */
  readonly spentMs: number;
  /** Trials that the verification will take. */
  readonly toVerify: number;
}

/** Trials of the verification, done and to do. */
export interface VerifiedTrials {
  readonly done: number;
  readonly of: number;
}

export function trialsFor(
  { trials }: Pick<RunPosition, 'trials'>,
  kind: TrialPurpose['kind'],
): TrialRecord[] {
  return trials.filter((trial) => trial.purpose.kind === kind);
}

/** Whether the budget allows one more search trial; the default is always measured. */
export function maySearch(position: RunPosition): boolean {
  const searched = trialsFor(position, 'search');
  if (searched.length === 0) return true;
  // A verification that has begun is not followed by more search, also after a resume.
  if (searched.length < position.trials.length) return false;
  const { timeMs, trials } = position.run.budget;
  if (trials !== null && searched.length >= trials) return false;
  return timeMs === null || position.spentMs + keptMs(position.run, searched) < timeMs;
}

/** The search's share of the budget. */
export function searchBudget(position: RunPosition): Budget | null {
  const { timeMs, trials } = position.run.budget;
  const searched = trialsFor(position, 'search');
  if (trials !== null) return { spent: searched.length, total: trials };
  if (timeMs === null) return null;
  const kept = searched.length === 0 ? timeMs / 2 : keptMs(position.run, searched);
  return { spent: position.spentMs, total: timeMs - kept };
}

/** Null while searching. */
export function verifiedTrials(position: RunPosition): VerifiedTrials | null {
  const done = trialsFor(position, 'verify').length;
  // A disturbed half is measured once more.
  return done === 0 ? null : { done, of: Math.max(done, position.toVerify) };
}

/** What search and verification will still take, about, milliseconds; null under a budget of trials. */
export function timeLeftMs(position: RunPosition): number | null {
  const { run, spentMs } = position;
  const searched = trialsFor(position, 'search');
  const verified = verifiedTrials(position);
  if (verified === null) {
    const { timeMs } = run.budget;
    return timeMs === null ? null : Math.max(afterSearchMs(run, searched), timeMs - spentMs);
  }
  const toServe = servingMs(run, searched);
  const probes = trialsFor(position, 'probe');
  if (probes.length > 0) return Math.max(0, toServe - sumOf(probes));
  const toVerify = Math.max(0, verified.of - verified.done);
  return toVerify * costOf(trialsFor(position, 'verify')) + toServe;
}

function sumOf(trials: readonly TrialRecord[]): number {
  return trials.reduce((sum, { costMs }) => sum + costMs, 0);
}
