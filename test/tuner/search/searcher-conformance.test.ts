import { describe, expect, test } from 'vitest';
import type { Ask, Observation, Searcher, SearchProblem } from '../../../tuner/search/searcher.ts';
import { SEARCHERS } from '../../../tuner/search/registry.ts';
import type { Arm } from '../../../tuner/arm.ts';
import { defaultSpace } from '../../../tuner/space.ts';
import { fakeThroughput, noisyThroughput } from '../../support/fake-trials.ts';

// Every searcher of the registry keeps the same promises; these do not apply to all.
const UNSEEDED: readonly string[] = ['grid'];
const REPEATING: readonly string[] = ['halving', 'bandit'];

const space = defaultSpace(2, { batch: 'free', passes: ['none'] });
const BOUND = 20_000;

function problem(records: readonly Observation[], seed = 1): SearchProblem {
  return {
    space,
    sought: 'throughput',
    constraints: [],
    priors: [],
    seed,
    records,
    budget: null,
  };
}

type Measure = (arm: Arm) => Observation;

function completed(arm: Arm, score: number, p99 = 1): Observation {
  const latencyMs = { p50: p99 / 2, p90: p99, p95: p99, p99 };
  const figures = { latencyMs, memoryBytes: 1e8 };
  return { state: 'completed', armKey: arm.key, costMs: 3000, score, figures };
}

function simulated(seed: number): Measure {
  const throughput = noisyThroughput(seed, 0.03);
  return (arm) => completed(arm, throughput(arm));
}

/** Follows the searcher until it is done, or for `most` trials. */
function search(
  searcher: Searcher,
  measure: Measure,
  options: { readonly change?: Partial<SearchProblem>; readonly most?: number } = {},
): Observation[] {
  const records: Observation[] = [];
  while (records.length < (options.most ?? BOUND)) {
    const ask = searcher.ask({ ...problem(records), ...options.change, records });
    if (ask.kind === 'done') return records;
    for (let i = 0; i < ask.repetitions; i += 1) records.push(measure(armOf(ask)));
  }
  return records;
}

function armOf(ask: Extract<Ask, { kind: 'measure' }>): Arm {
  const arm = space.arms.find((one) => one.key === ask.armKey);
  if (arm === undefined) throw new Error(`asked for an arm outside the space: ${ask.armKey}`);
  return arm;
}

function shipped(
  searcher: Searcher,
  records: readonly Observation[],
  change: Partial<SearchProblem> = {},
): Arm {
  const key = searcher.recommend({ ...problem(records), ...change })?.armKey;
  const arm = space.arms.find((one) => one.key === key);
  if (arm === undefined) throw new Error(`recommended no arm of the space: ${key}`);
  return arm;
}

describe.each(SEARCHERS.map((searcher) => [searcher.name, searcher] as const))(
  '%s',
  (name, searcher) => {
    test('asks for the default first', () => {
      expect(searcher.ask(problem([]))).toEqual({
        kind: 'measure',
        armKey: space.defaultArm.key,
        repetitions: 1,
      });
    });

    test('is a pure function: the same problem, the same question, and nothing is changed', () => {
      const records = search(searcher, simulated(3), { most: 17 });
      const frozen = Object.freeze(records.map((record) => Object.freeze({ ...record })));
      const first = searcher.ask(problem(frozen));
      expect(searcher.ask(problem(frozen))).toEqual(first);
      expect(searcher.ask(problem(structuredClone(frozen)))).toEqual(first);
    });

    test('resumes: cut anywhere, it asks what it would have asked', () => {
      const whole = search(searcher, simulated(5), { most: 40 });
      for (const cut of [1, 2, 13, 20, 21, 29]) {
        const ask = searcher.ask(problem(whole.slice(0, cut)));
        expect(ask).toMatchObject({ kind: 'measure', armKey: whole[cut]?.armKey });
      }
    });

    test('the seed changes what is explored, where there is a choice', () => {
      const keys = (seed: number): string[] =>
        search(searcher, simulated(1), { change: { seed }, most: 15 }).map((one) => one.armKey);
      expect(keys(1)).toEqual(keys(1));
      expect(keys(1).join() === keys(2).join()).toBe(UNSEEDED.includes(name));
    });

    test('asks only for arms of the space, at least once each time, and ends', () => {
      const records = search(searcher, simulated(7));
      expect(records.length).toBeLessThan(BOUND);
      expect(records.length).toBeGreaterThan(20);
    });

    test('recommends an arm within 5 % of the best, from noisy trials', () => {
      const best = Math.max(...space.arms.map((arm) => fakeThroughput(arm.config)));
      for (const seed of [1, 2, 3]) {
        const records = search(searcher, simulated(seed), { change: { seed } });
        const arm = shipped(searcher, records, { seed });
        expect(fakeThroughput(arm.config) / best).toBeGreaterThan(0.95);
      }
    });

    test('recommends nothing before anything is known, then only what was measured', () => {
      expect(searcher.recommend(problem([]))).toBeNull();
      const records = search(searcher, simulated(8), { most: 12 });
      for (let count = 1; count <= records.length; count += 1) {
        const seen = records.slice(0, count);
        expect(seen.map((record) => record.armKey)).toContain(shipped(searcher, seen).key);
      }
    });

    test('measures what it recommends, and where it races more than once', () => {
      const records = search(searcher, simulated(2));
      const { key } = shipped(searcher, records);
      const measured = records.filter((record) => record.armKey === key).length;
      expect(measured).toBeGreaterThanOrEqual(REPEATING.includes(name) ? 3 : 1);
    });

    test('prefers arms that meet the constraint to faster ones that do not', () => {
      const constraints = [{ kind: 'latency', percentile: 'p99', limitMs: 4 }] as const;
      const throughput = noisyThroughput(4, 0.03);
      const measure: Measure = (arm) => completed(arm, throughput(arm), arm.config.batch.maxSize);
      const records = search(searcher, measure, { change: { constraints } });
      expect(shipped(searcher, records, { constraints }).config.batch.maxSize).toBe(2);
    });

    test('recommends nothing when no arm meets the constraint', () => {
      const constraints = [{ kind: 'latency', percentile: 'p99', limitMs: 0.1 }] as const;
      const records = search(searcher, simulated(9), { change: { constraints }, most: 25 });
      expect(searcher.recommend({ ...problem(records), constraints })).toBeNull();
    });

    test('asks at most twice for an arm that fails, and goes on with the others', () => {
      const throughput = noisyThroughput(6, 0.03);
      const measure: Measure = (arm) =>
        arm.config.replicas === 2
          ? { state: 'failed', armKey: arm.key, costMs: 100 }
          : completed(arm, throughput(arm));
      const records = search(searcher, measure);
      const failures = Map.groupBy(
        records.filter((record) => record.state === 'failed'),
        (record) => record.armKey,
      );
      for (const own of failures.values()) expect(own.length).toBeLessThanOrEqual(2);
      expect(shipped(searcher, records).config.intraOpThreads).toBe(2);
    });

    test('ends when every arm fails, and recommends none', () => {
      const fail: Measure = (arm) => ({ state: 'timeout', armKey: arm.key, costMs: 100 });
      const records = search(searcher, fail);
      expect(records.length).toBeLessThan(BOUND);
      expect(searcher.recommend(problem(records))).toBeNull();
    });

    test('has no trouble with a space of one arm', () => {
      const alone = { ...space, arms: [space.defaultArm] };
      const records = search(searcher, simulated(1), { change: { space: alone }, most: 20 });
      expect(shipped(searcher, records, { space: alone }).key).toBe(space.defaultArm.key);
    });
  },
);
