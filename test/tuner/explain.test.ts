import { expect, test } from 'vitest';
import { createRandom } from '../../engine/base/random.ts';
import type { TrialRecord } from '../../suites/trial-record.ts';
import { explainArm, explanationLines } from '../../tuner/explain.ts';
import { frontOf } from '../../tuner/front.ts';
import { toObservation } from '../../tuner/observation.ts';
import { scoreOf } from '../../tuner/objective.ts';
import type { Constraint } from '../../tuner/run-record.ts';
import type { SearchProblem } from '../../tuner/search/searcher.ts';
import { createSpace, defaultChoices } from '../../tuner/space.ts';
import { completedRecord, fakeThroughput, failedRecord } from '../support/fake-trials.ts';

const space = createSpace(
  { ...defaultChoices(2, { batch: 'free', passes: ['none'] }), graphLevel: ['all', 'basic'] },
  { usableCores: 2, batch: 'free' },
);

/** Every fourth arm measured, with 1 % of noise. */
const random = createRandom(1, 'explain');
const trials: TrialRecord[] = space.arms.flatMap((arm, sequence) => {
  if (sequence % 4 !== 0) return [];
  const qps = fakeThroughput(arm.config) * Math.exp(0.01 * random.normal());
  return [completedRecord({ arm, sequence, purpose: { kind: 'search' } }, { qps })];
});

function problem(records: readonly TrialRecord[], constraints: Constraint[] = []): SearchProblem {
  const goal = { objective: 'qps', pick: 'knee', prices: null } as const;
  return {
    space,
    sought: 'throughput',
    constraints,
    priors: [],
    seed: 1,
    records: records.map((one) => toObservation(one, (figures) => scoreOf(figures, goal))),
    budget: null,
  };
}

test('what each decision is worth: the true ratio lies in its interval', () => {
  const best = space.arms.reduce((a, b) =>
    fakeThroughput(b.config) > fakeThroughput(a.config) ? b : a,
  );
  const explanation = explainArm(problem(trials), best.key, trials);
  const effects = new Map(explanation?.effects.map((one) => [one.group, one]));
  // fakeThroughput: level basic 0.8; two replicas of one thread 2 against 1.4; batch 32 against 1.
  const truths = { graphLevel: 1 / 0.8, cores: 2 / 1.4, batch: (1 + 0.3 * (31 / 32)) / 1 };
  for (const [group, truth] of Object.entries(truths)) {
    const { low, high } = effects.get(group)?.ratio ?? { low: Infinity, high: 0 };
    expect({ group, holds: low < truth && truth < high }).toEqual({ group, holds: true });
    expect({ group, tells: high / low < 1.25 }).toEqual({ group, tells: true });
  }
  expect(effects.get('cores')).toMatchObject({
    chosen: { replicas: 2, intraOpThreads: 1, spinning: false },
    insteadOf: { replicas: 1, intraOpThreads: 2, spinning: true },
  });
});

test('what was rejected, and how often; nothing measured explains nothing', () => {
  const [first, second, third] = space.arms;
  if (first === undefined || second === undefined || third === undefined) throw new Error('arms');
  const purpose = { kind: 'search' } as const;
  const seen = [
    completedRecord({ arm: first, sequence: 0, purpose }, { qps: 100, p99Ms: 20 }),
    completedRecord({ arm: second, sequence: 1, purpose }, { qps: 200, p99Ms: 60 }),
    failedRecord({ arm: third, sequence: 2, purpose }, 'no such kernel\nat line 3'),
  ];
  const bound: Constraint[] = [{ kind: 'latency', percentile: 'p99', limitMs: 50 }];
  const explanation = explainArm(problem(seen, bound), first.key, seen);
  expect(explanation?.rejected).toEqual([
    { reason: 'broke p99 < 50 ms', arms: 1 },
    { reason: 'failed: no such kernel', arms: 1 },
  ]);
  const lines = explanation === null ? [] : explanationLines(explanation);
  expect(lines).toContain('rejected: 1 arm broke p99 < 50 ms');
  expect(explainArm(problem([]), first.key, [])).toBeNull();
  expect(frontOf(seen, bound).map(({ armKey }) => armKey)).toEqual([first.key]);
});
