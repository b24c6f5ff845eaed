import { describe, expect, test } from 'vitest';
import type { TrialRecord } from '../../suites/trial-record.ts';
import { toArm } from '../../tuner/arm.ts';
import { defaultSpace } from '../../tuner/space.ts';
import {
  judgeVerification,
  nextHalf,
  pairOrders,
  VERIFICATION_PAIRS,
} from '../../tuner/verification.ts';
import { completedRecord, failedRecord, twoCoreDefault } from '../support/fake-trials.ts';

const { defaultArm } = defaultSpace(2, { batch: 'free', passes: ['none'] });
const candidate = toArm({ ...twoCoreDefault, replicas: 2, intraOpThreads: 1 });

const goal = { objective: 'qps', pick: 'knee', prices: null } as const;
const arms = { candidate: candidate.key, default: defaultArm.key };

/** Runs the pairs as the tuner does, each half being given a throughput or a failure. */
function verify(qpsOf: (role: string, pair: number) => number | 'fails'): TrialRecord[] {
  const trials: TrialRecord[] = [];
  while (true) {
    const half = nextHalf(trials, arms, 1);
    if (half === null) return trials;
    const arm = half.role === 'default' ? defaultArm : candidate;
    const purpose = { kind: 'verify', ...half, candidate: candidate.key } as const;
    const trial = { arm, sequence: trials.length, purpose };
    const qps = qpsOf(half.role, half.pair);
    trials.push(qps === 'fails' ? failedRecord(trial) : completedRecord(trial, { qps }));
  }
}

describe('verification', () => {
  test('runs six pairs, as many with the default first as second, interleaved', () => {
    for (const seed of [1, 2, 3]) {
      const orders = pairOrders(seed);
      expect(orders.length).toBe(6);
      expect(orders.filter((order) => order === 'AB').length).toBe(3);
    }
    const roles = verify(() => 1000).map((trial) => trial.purpose);
    expect(roles.length).toBe(12);
    for (let pair = 0; pair < 6; pair += 1) {
      const half = roles.slice(2 * pair, 2 * pair + 2);
      expect(half.map((purpose) => purpose.kind === 'verify' && purpose.pair)).toEqual([
        pair,
        pair,
      ]);
    }
  });

  test("gives Student's t interval on the log-ratios, by hand", () => {
    // Log-ratios 0.1, 0.2, 0.3, 0.1, 0.2, 0.3: mean 0.2, sd sqrt(0.04 / 5), and
    // t(0.975, 5) = 2.570582 (tables): half-width 2.570582 x sd / sqrt(6).
    const logs = [0.1, 0.2, 0.3, 0.1, 0.2, 0.3];
    const trials = verify((role, pair) =>
      role === 'default' ? 1000 : 1000 * Math.exp(logs[pair] ?? 0),
    );
    const verification = judgeVerification(trials, candidate.key, { seed: 1, goal });
    const half = (2.570582 * Math.sqrt(0.04 / 5)) / Math.sqrt(6);
    expect(verification?.ratio.value).toBeCloseTo(Math.exp(0.2), 6);
    expect(verification?.ratio.low).toBeCloseTo(Math.exp(0.2 - half), 6);
    expect(verification?.ratio.high).toBeCloseTo(Math.exp(0.2 + half), 6);
    expect(verification?.verdict).toBe('better');
  });

  test('measures a failed half once more, then gives the pair up and is inconclusive', () => {
    const trials = verify((role, pair) => (role === 'candidate' && pair === 2 ? 'fails' : 1000));
    expect(trials.filter((trial) => trial.state === 'failed').length).toBe(2);
    const verification = judgeVerification(trials, candidate.key, { seed: 1, goal });
    expect(verification?.pairs.length).toBe(VERIFICATION_PAIRS - 1);
    expect(verification?.verdict).toBe('inconclusive');
  });

  test('has nothing to say without a complete pair', () => {
    expect(judgeVerification([], candidate.key, { seed: 1, goal })).toBeNull();
    expect(
      judgeVerification(
        verify(() => 'fails'),
        candidate.key,
        { seed: 1, goal },
      ),
    ).toBeNull();
  });

  test('measures a default that nothing beat three times more', () => {
    const trials: TrialRecord[] = [];
    const alone = { candidate: defaultArm.key, default: defaultArm.key };
    for (let half = nextHalf(trials, alone, 1); half !== null; half = nextHalf(trials, alone, 1)) {
      expect(half.role).toBe('default');
      const purpose = { kind: 'verify', ...half, candidate: defaultArm.key } as const;
      trials.push(
        completedRecord({ arm: defaultArm, sequence: trials.length, purpose }, { qps: 1 }),
      );
    }
    expect(trials.length).toBe(3);
  });

  test('goes on where it stopped', () => {
    const whole = verify(() => 1000);
    for (let cut = 0; cut < whole.length; cut += 1) {
      const next = nextHalf(whole.slice(0, cut), arms, 1);
      expect(whole[cut]?.purpose).toEqual({ kind: 'verify', ...next, candidate: candidate.key });
    }
  });
});
