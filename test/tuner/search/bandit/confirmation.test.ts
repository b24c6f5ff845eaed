import { expect, test } from 'vitest';
import type { Constraint } from '../../../../tuner/run-record.ts';
import { isConfirmed } from '../../../../tuner/search/bandit/confirmation.ts';
import type { Observation, SearchProblem } from '../../../../tuner/search/searcher.ts';

const arm = { key: 'a', values: {} };
const bound: Constraint = { kind: 'memory', limitBytes: 100 };

function problem(...memory: readonly number[]): SearchProblem {
  const records = memory.map((memoryBytes): Observation => {
    const latencyMs = { p50: 1, p90: 1, p95: 1, p99: 1 };
    const figures = { latencyMs, memoryBytes };
    return { state: 'completed', armKey: 'a', costMs: 1, score: 1, figures };
  });
  const space = { knobs: [], defaultArm: arm, arms: [arm] };
  return {
    space,
    sought: 'throughput',
    constraints: [bound],
    priors: [],
    seed: 1,
    records,
    budget: null,
  };
}

test.each([
  [[], false],
  // One trial may be 10 % off.
  [[90], true],
  [[92], false],
  [[92, 95], true],
  [[92, 101], false],
  [[92, 101, 95], true],
  [[92, 101, 102], false],
])('trials of %j bytes under a bound of 100 confirm it: %s', (memory, confirms) => {
  expect(isConfirmed(problem(...memory), arm)).toBe(confirms);
});
