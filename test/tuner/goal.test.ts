import { expect, test } from 'vitest';
import type { TrialRecord } from '../../suites/trial-record.ts';
import { steeringScore } from '../../tuner/goal.ts';
import type { SoughtFigures } from '../../tuner/objective.ts';
import { createSpace, defaultChoices } from '../../tuner/space.ts';
import { completedRecord, failedRecord, fakeRun } from '../support/fake-trials.ts';

const space = createSpace(defaultChoices(2, { batch: 'free', passes: ['none'] }), {
  usableCores: 2,
  batch: 'free',
});
const { defaultArm } = space;
const other = space.arms.find((arm) => arm.key !== defaultArm.key) ?? defaultArm;
const front = fakeRun(space, { objective: 'pareto', pick: 'throughput' });

const unknown = { state: 'unavailable', reason: 'simulated' } as const;
const figures: SoughtFigures = { qps: 300, p99Ms: 2, memoryBytes: 1e8, energy: unknown };

function ofDefault(...qps: readonly number[]): TrialRecord[] {
  return qps.map((value, sequence) =>
    completedRecord({ arm: defaultArm, sequence }, { qps: value, memoryBytes: 2e8 }),
  );
}

function ofOther(sequence: number): TrialRecord {
  return completedRecord({ arm: other, sequence }, { qps: 700 });
}

test('without a front, trials are scored by what is sought', () => {
  const score = steeringScore(fakeRun(space), ofDefault(100), defaultArm.key);
  expect(score(figures)).toBe(300);
});

test('a front is steered by what is picked until the default was measured', () => {
  const searched = [failedRecord({ arm: defaultArm, sequence: 0 }), ofOther(1)];
  expect(steeringScore(front, searched, defaultArm.key)(figures)).toBe(300);
});

test('of a default measured several times the median counts', () => {
  const thrice = steeringScore(front, ofDefault(100, 250, 200), defaultArm.key);
  // As many trials, so the same side of the front.
  const once = steeringScore(front, [...ofDefault(200), ofOther(1), ofOther(2)], defaultArm.key);
  expect(thrice(figures)).toBe(once(figures));
});

test('a front is looked at from another side with every trial', () => {
  const sides = [1, 2, 3].map((count) => {
    const searched = Array.from({ length: count }, () => ofDefault(200)).flat();
    return steeringScore(front, searched, defaultArm.key)(figures);
  });
  expect(new Set(sides).size).toBe(3);
});
