import { describe, expect, test } from 'vitest';
import { summarizeInterruption, summarizeRun } from '../../cli/summary.ts';
import type { MeasuredArm, RunOutcome, RunRecord, ServerFigures } from '../../tuner/run-record.ts';
import { defaultSpace } from '../../tuner/space.ts';
import { toArm } from '../../tuner/arm.ts';
import { completedRecord, fakeRun, rateRecord } from '../support/fake-trials.ts';

const space = defaultSpace(2, { batch: 'free', passes: ['none'] });
const { config } = space.defaultArm;
const bound = { percentile: 'p99', limitMs: 20 } as const;

function found(ratePerSecond: number): ServerFigures {
  return {
    state: 'found',
    bound,
    ratePerSecond,
    qps: ratePerSecond,
    failedAt: null,
    latencyMs: { p50: 3, p90: 9, p95: 12, p99: 17 },
    certifiedMs: 18.5,
    memoryBytes: 200e6,
    trial: 'run/30',
  };
}

function measured(arm: Partial<MeasuredArm>, server?: ServerFigures): MeasuredArm {
  return {
    armKey: 'arm',
    config,
    metrics: {
      qps: { value: 800, low: 790, high: 810 },
      latencyMs: { p50: 4, p90: 5, p95: 5, p99: 6, certified: true },
      memoryBytes: 200e6,
      sessionBytes: 100e6,
      energyJPerInference: { state: 'unavailable', reason: 'none' },
      quality: {},
      trials: 6,
      ...(server !== undefined && { server }),
    },
    ...arm,
  };
}

function summary(outcome: RunOutcome, changes: Partial<RunRecord> = {}): string {
  const run = fakeRun(space, { state: 'finished', outcome, ...changes });
  return summarizeRun(run, [], { report: 'r.html', tuned: 't.json', explains: false });
}

function winner(shipped: ServerFigures, baseline: ServerFigures): RunOutcome {
  const batched = { ...config, batch: { maxSize: 8, maxDelayMs: 4 } };
  const ratio = { value: 4, low: 3.9, high: 4.1 };
  return {
    kind: 'winner',
    shipped: measured({ config: batched }, shipped),
    baseline: measured({}, baseline),
    verification: { candidate: 'arm', pairs: [], ratio, margin: 0.02, verdict: 'better' },
    reason: '4 times the default',
  };
}

describe('the summary of a run with a bound on latency', () => {
  test('begins with what single requests get, of winner and default', () => {
    const text = summary(winner(found(500), found(150)));
    expect(text).toMatch(/winner +1 replica x 2 threads, batch 8, delay up to 4 ms/);
    expect(text).toMatch(/single requests +150\/s, p99 < 20 ms +500\/s, p99 < 20 ms\n/);
    expect(text).toMatch(/at that rate +p50 3, p99 <= 18\.5 ms +p50 3, p99 <= 18\.5 ms\n/);
    expect(text.indexOf('single requests')).toBeLessThan(text.indexOf('samples/s'));
    expect(text).toMatch(/full batches\n +samples\/s +800 \[790, 810\]/);
  });

  test('says where no rate was confirmed', () => {
    const none = { state: 'none', bound, reason: 'too slow' } as const;
    expect(summary(winner(found(500), none))).toMatch(/single requests +no rate confirmed +500\/s/);
  });

  test('without a bound has none of it', () => {
    const baseline = measured({});
    const text = summary({
      kind: 'default',
      shipped: baseline,
      baseline,
      verification: null,
      reason: '',
    });
    expect(text).not.toMatch(/single requests|full batches/);
    expect(text).toMatch(/samples\/s +800/);
  });
});

test('what was best so far is what was driven as hard as it goes, not a rate that was tried', () => {
  const arm = space.defaultArm;
  const fast = toArm({ ...config, batch: { maxSize: 2, maxDelayMs: 0 } });
  const trials = [
    completedRecord({ arm, sequence: 0 }, { qps: 100 }),
    rateRecord({ arm: fast, sequence: 1 }, { ratePerSecond: 900, seed: 1, certifiedMs: 5 }),
  ];
  const text = summarizeInterruption(fakeRun(space), trials, { report: 'r', goOn: 'g' });
  expect(text).toMatch(/best so far .*batch 1.*: 100 samples\/s/);
});
