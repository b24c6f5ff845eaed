import { describe, expect, test } from 'vitest';
import { certifyingProtocol, trialProtocol } from '../../suites/trial/trial-spec.ts';
import type { Constraint } from '../../tuner/run-record.ts';
import { afterSearchMs, keptMs, servingMs, trialTimeoutMs } from '../../tuner/run-time.ts';
import { defaultSpace } from '../../tuner/space.ts';
import { completedRecord, failedRecord } from '../support/fake-trials.ts';

const { defaultArm: arm } = defaultSpace(2, { batch: 'free', passes: ['none'] });
const slo: Constraint = { kind: 'latency', percentile: 'p99', limitMs: 20 };
const run = {
  latencyBoundFrom: 'user' as const,
  trialMs: 1000,
  budget: { timeMs: 600_000, trials: null },
  constraints: [],
};

/** Trials that took so many seconds. */
function trials(...seconds: readonly number[]): ReturnType<typeof completedRecord>[] {
  return seconds.map((s, sequence) =>
    completedRecord({ arm, sequence, costMs: 1000 * s }, { qps: 100 }),
  );
}

describe('the time that a run keeps', () => {
  test('is that of twelve trials, each twice as long where it warms up and measures', () => {
    // A warm-up of 1.6 s and a measurement of 1 s more than in the search.
    expect(afterSearchMs(run, trials(3, 4, 5))).toBe(12 * (4000 + 2600));
    expect(keptMs(run, trials(3, 4, 5))).toBe(12 * 6600);
  });

  test('has sixteen trials of the search more where latency is bounded', () => {
    const bounded = { ...run, constraints: [slo] };
    expect(servingMs(run, trials(4))).toBe(0);
    expect(servingMs(bounded, trials(4))).toBe(16 * 4000);
    expect(keptMs(bounded, trials(4))).toBe(12 * 6600 + 16 * 4000);
    expect(servingMs(bounded, [])).toBe(0);
  });

  test('is at most half of the budget, however long it will really take', () => {
    const short = { ...run, budget: { timeMs: 60_000, trials: null }, constraints: [slo] };
    expect(keptMs(short, trials(4))).toBe(30_000);
    expect(afterSearchMs(short, trials(4))).toBe(12 * 6600 + 16 * 4000);
  });
});

describe('how long a trial may take', () => {
  const protocol = trialProtocol(1000);

  test('is generous as long as nothing is known, then four times the slowest', () => {
    expect(trialTimeoutMs([], protocol)).toBe(300_000);
    expect(trialTimeoutMs([failedRecord({ arm, sequence: 0 })], protocol)).toBe(300_000);
    expect(trialTimeoutMs(trials(2), protocol)).toBe(30_000);
    expect(trialTimeoutMs(trials(2, 20), protocol)).toBe(80_000);
  });

  test('leaves room for as many requests as a percentile needs', () => {
    const scenario = { name: 'server', ratePerSecond: 20, bound: null } as const;
    expect(trialTimeoutMs(trials(2), certifyingProtocol(1000, scenario))).toBe(120_000);
  });
});
