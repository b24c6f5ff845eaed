import { describe, expect, test } from 'vitest';
import type { TrialPurpose, TrialRecord } from '../../suites/trial-record.ts';
import {
  maySearch,
  searchBudget,
  timeLeftMs,
  verifiedTrials,
  type RunPosition,
} from '../../tuner/run-position.ts';
import type { RunRecord } from '../../tuner/run-record.ts';
import { keptMs } from '../../tuner/run-time.ts';
import { defaultSpace } from '../../tuner/space.ts';
import { completedRecord, fakeRun } from '../support/fake-trials.ts';

const space = defaultSpace(2, { batch: 'free', passes: ['none'] });
const VERIFY = { kind: 'verify', pair: 0, role: 'default', candidate: 'x' } as const;

/** Trials of four seconds each. */
function trials(...purposes: readonly TrialPurpose[]): TrialRecord[] {
  return purposes.map((purpose, sequence) =>
    completedRecord({ arm: space.defaultArm, sequence, purpose, costMs: 4000 }, { qps: 100 }),
  );
}

function position(changes: Partial<RunPosition> & { run?: RunRecord } = {}): RunPosition {
  return { run: fakeRun(space), trials: [], spentMs: 0, toVerify: 12, ...changes };
}

const SEARCHED = trials({ kind: 'search' }, { kind: 'search' });

describe('whether the search may go on', () => {
  test('the default is measured whatever was spent', () => {
    expect(maySearch(position({ spentMs: 1e9 }))).toBe(true);
  });

  test('until what is kept for the verification is all that is left', () => {
    const run = fakeRun(space, { budget: { timeMs: 180_000, trials: null } });
    const kept = keptMs(run, SEARCHED);
    const at = (spentMs: number): boolean =>
      maySearch(position({ run, trials: SEARCHED, spentMs }));
    expect(at(180_000 - kept - 1)).toBe(true);
    expect(at(180_000 - kept)).toBe(false);
  });

  test('for so many trials where they are the budget', () => {
    const runOf = (count: number): RunRecord =>
      fakeRun(space, { budget: { timeMs: null, trials: count } });
    expect(maySearch(position({ run: runOf(3), trials: SEARCHED, spentMs: 1e9 }))).toBe(true);
    expect(maySearch(position({ run: runOf(2), trials: SEARCHED }))).toBe(false);
  });

  test('not once the verification has begun', () => {
    expect(maySearch(position({ trials: [...SEARCHED, ...trials(VERIFY)] }))).toBe(false);
  });
});

describe('the budget of the search', () => {
  test('is counted in trials or in the time that is not kept', () => {
    const run = fakeRun(space, { budget: { timeMs: null, trials: 20 } });
    expect(searchBudget(position({ run, trials: SEARCHED }))).toEqual({ spent: 2, total: 20 });
    const timed = fakeRun(space, { budget: { timeMs: 180_000, trials: null } });
    expect(searchBudget(position({ run: timed, spentMs: 10 }))).toEqual({
      spent: 10,
      total: 90_000,
    });
    expect(searchBudget(position({ run: timed, trials: SEARCHED, spentMs: 8000 }))).toEqual({
      spent: 8000,
      total: 180_000 - keptMs(timed, SEARCHED),
    });
  });
});

describe('what is left', () => {
  test('while searching: the budget, or the verification where that is longer', () => {
    const run = fakeRun(space, { budget: { timeMs: 180_000, trials: null } });
    expect(timeLeftMs(position({ run, trials: SEARCHED, spentMs: 30_000 }))).toBe(150_000);
    // Twelve trials, each 2.6 s longer than those of the search.
    expect(timeLeftMs(position({ run, trials: SEARCHED, spentMs: 179_000 }))).toBe(12 * 6600);
    expect(verifiedTrials(position({ run, trials: SEARCHED }))).toBeNull();
  });

  test('while verifying: the trials to come, and those that repeat a disturbed one', () => {
    const verifying = position({ trials: [...SEARCHED, ...trials(VERIFY, VERIFY)], toVerify: 12 });
    expect(verifiedTrials(verifying)).toEqual({ done: 2, of: 12 });
    expect(timeLeftMs(verifying)).toBe(10 * 4000);
    expect(verifiedTrials({ ...verifying, toVerify: 1 })).toEqual({ done: 2, of: 2 });
    expect(timeLeftMs({ ...verifying, toVerify: 1 })).toBe(0);
  });

  test('under a budget of trials nobody knows while searching', () => {
    const run = fakeRun(space, { budget: { timeMs: null, trials: 20 } });
    expect(timeLeftMs(position({ run, trials: SEARCHED }))).toBeNull();
  });
});
