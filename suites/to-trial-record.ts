import type { TrialRecord } from './trial-record.ts';
import type { TrialOutcome } from './trial/run-trial.ts';

/** What a record says beside how the trial ended. */
export type TrialIdentity = Pick<
  TrialRecord,
  | 'id'
  | 'runId'
  | 'sequence'
  | 'purpose'
  | 'scenario'
  | 'armKey'
  | 'config'
  | 'startedAt'
  | 'costMs'
  | 'hostKey'
  | 'versions'
>;

/** The record of a trial's outcome, and the raw samples that are stored beside it. */
export interface RecordedTrial {
  readonly record: TrialRecord;
  readonly latenciesMs: Float64Array | null;
}

export function toTrialRecord(given: TrialIdentity, outcome: TrialOutcome): RecordedTrial {
  const identity = { schema: 'openclaw.trial/2', ...given } as const;
  switch (outcome.state) {
    case 'completed': {
      const { latenciesMs, metrics, environment, warnings } = outcome;
      const measured = { metrics, environment, warnings: [...warnings] };
      return { record: { ...identity, ...measured, state: 'completed' }, latenciesMs };
    }
    case 'invalid': {
      const { evidence, reasons, warnings } = outcome;
      const record: TrialRecord = {
        ...identity,
        state: 'invalid',
        reasons: [...reasons],
        warnings: [...warnings],
        metrics: evidence?.metrics ?? null,
        environment: evidence?.environment ?? null,
      };
      return { record, latenciesMs: evidence?.latenciesMs ?? null };
    }
    case 'failed':
    case 'timeout':
    case 'out-of-memory':
      return {
        record: { ...identity, ...outcome, warnings: [], environment: null },
        latenciesMs: null,
      };
  }
}
