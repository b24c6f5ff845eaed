import { describe, expect, test } from 'vitest';
import { replayRun, type ReplaySetting } from '../../../../tuner/replay/replay-run.ts';
import { createTable, toPrior } from '../../../../tuner/replay/replay-table.ts';
import { banditSearcher } from '../../../../tuner/search/bandit/bandit-searcher.ts';
import {
  SMALL_HOSTS,
  syntheticRows,
  type SyntheticHost,
} from '../../../support/synthetic-hosts.ts';

const setting: ReplaySetting = {
  constraints: [],
  priors: [],
  budget: { trials: 20 },
  noise: 0.03,
  curve: false,
};

function hostNamed(name: string): SyntheticHost {
  const host = SMALL_HOSTS.find((one) => one.name === name);
  if (host === undefined) throw new Error(`no host is called ${name}`);
  return host;
}

function mediansOf(regrets: readonly number[]): number {
  return regrets.toSorted((a, b) => a - b)[Math.floor(regrets.length / 2)] ?? NaN;
}

describe('the bandit on synthetic hosts', () => {
  test.each(['static-at-one-level', 'spinning-hurts', 'all-is-3x-slower'])(
    'comes within 4 % of the best of 432 arms in 20 evaluations: %s',
    (name) => {
      const table = createTable(name, syntheticRows(hostNamed(name), 1));
      const runs = [1, 2, 3].map((seed) => replayRun(table, banditSearcher, { ...setting, seed }));
      expect(mediansOf(runs.map((run) => run.regret))).toBeLessThan(0.04);
    },
  );

  test('ships nothing that breaks a bound, and uses what the bound leaves', () => {
    const table = createTable('usual', syntheticRows(hostNamed('usual'), 1));
    const constraints = [{ kind: 'latency', percentile: 'p99', limitMs: 6 }] as const;
    const runs = [1, 2, 3].map((seed) =>
      replayRun(table, banditSearcher, { ...setting, constraints, seed }),
    );
    expect(runs.filter((run) => run.violated)).toEqual([]);
    expect(mediansOf(runs.map((run) => run.regret))).toBeLessThan(0.05);
  });

  test('keeps the default where every arm is as fast', () => {
    const rows = syntheticRows(hostNamed('usual'), 1).map((row) => ({ ...row, qps: 100 }));
    const table = createTable('equal', rows);
    const shipped = [1, 2, 3].map((seed) => replayRun(table, banditSearcher, { ...setting, seed }));
    for (const { arm } of shipped) expect(arm).toMatchObject({ precision: 'fp32', replicas: 1 });
  });

  test('is not led far astray by a prior of reversed ranks', () => {
    const table = createTable('usual', syntheticRows(hostNamed('usual'), 1));
    const { hostKey, scores } = toPrior(table);
    const reversed = scores.map(({ arm, score }) => ({ arm, score: 1 / score }));
    const priors = [{ hostKey, scores: reversed }];
    const run = replayRun(table, banditSearcher, {
      ...setting,
      priors,
      budget: { trials: 24 },
      seed: 1,
    });
    expect(run.regret).toBeLessThan(0.04);
  });
});
