import { describe, expect, test } from 'vitest';
import type { Constraint } from '../../../tuner/run-record.ts';
import type { Observation } from '../../../tuner/search/searcher.ts';
import { bestMeasured, standings } from '../../../tuner/search/standings.ts';

function trial(armKey: string, score: number, watts: number | undefined): Observation {
  const latencyMs = { p50: 1, p90: 1, p95: 1, p99: 1 };
  const figures = { latencyMs, memoryBytes: 1, accuracy: undefined, watts };
  return { state: 'completed', armKey, costMs: 1, score, figures };
}

describe('standings under a bound of power', () => {
  const constraints: readonly Constraint[] = [{ kind: 'power', limitWatts: 10 }];

  test('an arm is judged by the median of its trials', () => {
    const records = [trial('a', 1, 8), trial('a', 1, 9), trial('a', 1, 30)];
    expect(standings(records, constraints).get('a')?.excess).toBeLessThanOrEqual(1);
    expect(bestMeasured({ records, constraints })?.armKey).toBe('a');
  });

  test('a faster arm beyond the bound is not what ships', () => {
    const records = [trial('fast', 5, 12), trial('frugal', 1, 8)];
    expect(bestMeasured({ records, constraints })?.armKey).toBe('frugal');
  });

  test('one trial without a reading leaves the arm unproven', () => {
    const records = [trial('a', 1, 8), trial('a', 1, undefined)];
    expect(bestMeasured({ records, constraints })).toBeNull();
  });
});
