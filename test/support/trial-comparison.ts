import type { InvalidReason } from '../../suites/trial-findings.ts';
import type { TrialRecord } from '../../suites/trial-record.ts';
import type { ComparedTrial } from '../../suites/comparison/compare-trials.ts';
import { toArm } from '../../tuner/arm.ts';
import { completedRecord, failedRecord, twoCoreDefault, type FakeFigures } from './fake-trials.ts';

export const STEAL: InvalidReason = { kind: 'steal', share: 0.2 };

const place = { arm: toArm(twoCoreDefault), sequence: 0 };

export function comparedRecord(figures: FakeFigures): TrialRecord {
  return completedRecord(place, figures);
}

export function crashedRecord(message: string): TrialRecord {
  return failedRecord(place, message);
}

export function invalidRecord(...reasons: InvalidReason[]): TrialRecord {
  const {
    state: _,
    message: __,
    ...common
  } = failedRecord(place) as TrialRecord & {
    state: 'failed';
  };
  return { ...common, state: 'invalid', reasons, metrics: null };
}

/** Keeps what was asked for, and answers with what `answer` makes of it and of its number. */
export function measureWith(answer: (trial: ComparedTrial, index: number) => TrialRecord): {
  readonly asked: ComparedTrial[];
  readonly measure: (trial: ComparedTrial) => Promise<TrialRecord>;
} {
  const asked: ComparedTrial[] = [];
  return {
    asked,
    measure: async (trial) => {
      asked.push(trial);
      return answer(trial, asked.length - 1);
    },
  };
}
