import { describe, expect, test } from 'vitest';
import { brokenBounds, completedOf, environmentFacts, levelOf } from '../../cli/nightly-figures.ts';
import type { TrialRecord } from '../../suites/trial-record.ts';
import { bareEnvironment, completedRecord, failedRecord } from '../support/fake-trials.ts';
import { defaultArm } from '../support/bench-records.ts';

function trial(side: 'a' | 'b', qps: number, p99Ms = 1): TrialRecord {
  const purpose = { kind: 'compare', block: 0, position: 0, side } as const;
  return completedRecord({ arm: defaultArm, sequence: 0, purpose }, { qps, p99Ms });
}

const TRIALS = [trial('a', 100), trial('b', 40, 10), trial('b', 90, 30), trial('a', 400)];

describe('the figures of a night', () => {
  test('are those of the completed trials of a side', () => {
    const failed = failedRecord({ arm: defaultArm, sequence: 1 });
    expect(completedOf([...TRIALS, failed], 'a').map(({ metrics }) => metrics.qps)).toEqual([
      100, 400,
    ]);
  });

  test('have a level: the geometric mean, in the unit of the metric', () => {
    // sqrt(100 x 400), sqrt(40 x 90), sqrt(10 x 30).
    expect(levelOf(completedOf(TRIALS, 'a'), 'throughput')).toBeCloseTo(200, 9);
    expect(levelOf(completedOf(TRIALS, 'b'), 'throughput')).toBeCloseTo(60, 9);
    expect(levelOf(completedOf(TRIALS, 'b'), 'p99')).toBeCloseTo(Math.sqrt(300), 9);
    expect(levelOf(completedOf(TRIALS, 'b'), 'energy')).toBe(NaN);
  });

  test('break a constraint by their median', () => {
    const candidate = completedOf(TRIALS, 'b');
    const bound = (limitMs: number) => ({ kind: 'latency', percentile: 'p99', limitMs }) as const;
    // The median of 10 and 30 ms.
    expect(brokenBounds(candidate, [bound(20.5)])).toEqual([]);
    expect(brokenBounds(candidate, [bound(19)])).toEqual([
      { bound: 'p99 < 19 ms', text: 'p99 20 ms, bound 19 ms' },
    ]);
    // What nobody measured is not known to hold.
    expect(brokenBounds(candidate, [{ kind: 'power', limitWatts: 5 }]).length).toBe(1);
  });

  test('come with what is known about the machine, and nothing else', () => {
    const cpu = {
      ...bareEnvironment.cpu,
      governor: { state: 'known', value: 'powersave' },
    } as const;
    const [last] = TRIALS;
    if (last === undefined) throw new Error('there is a trial');
    expect(environmentFacts([])).toEqual({});
    const facts = environmentFacts([{ ...last, environment: { ...bareEnvironment, cpu } }]);
    expect(facts['governor']).toBe('powersave');
    expect(Object.values(facts)).not.toContain('undefined');
    expect(facts).not.toHaveProperty('microcode');
  });
});
