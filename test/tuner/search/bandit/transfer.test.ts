import { describe, expect, test } from 'vitest';
import {
  advisedArms,
  kendallTau,
  opinionsOf,
  transferredMean,
} from '../../../../tuner/search/bandit/transfer.ts';
import { createTable, toPrior } from '../../../../tuner/replay/replay-table.ts';
import { smallTable } from '../../../support/replay-tables.ts';

const table = createTable('small', smallTable());
const prior = toPrior(table);
const { space } = table;

function measured(direction: 1 | -1): { arm: number; score: number; residual: number }[] {
  return prior.scores.map(({ arm, score }) => {
    const value = direction * Math.log(score);
    return {
      arm: space.arms.findIndex((one) => one.key === arm.key),
      score: value,
      residual: value,
    };
  });
}

describe('what other hosts found', () => {
  test('is an order of arms: its middle is 0, its best the highest', () => {
    const opinion = Array.from(opinionsOf(space, [prior])[0] ?? []);
    const best = space.arms[opinion.indexOf(Math.max(...opinion))];
    expect(best?.values).toMatchObject({ replicas: 2, 'batch.maxSize': 8, arena: true });
    expect(opinion.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 6);
    expect(advisedArms(space, [prior])).toEqual([best]);
  });

  test('shifts the means where the orders agree, never where they are reversed', () => {
    const opinions = opinionsOf(space, [prior]);
    const agreeing = Array.from(transferredMean(opinions, measured(1)) ?? []);
    const best = agreeing.indexOf(Math.max(...agreeing));
    expect(space.arms[best]?.values['replicas']).toBe(2);
    expect(transferredMean(opinions, measured(-1))).toBeNull();
    expect(transferredMean(opinions, measured(1).slice(0, 3))).toBeNull();
  });

  test("agreement is Kendall's: by hand", () => {
    expect(kendallTau([1, 2, 3], [10, 20, 30])).toBe(1);
    // Pairs: (1,2) up, (1,3) up, (2,3) down.
    expect(kendallTau([1, 2, 3], [10, 30, 20])).toBeCloseTo(1 / 3, 12);
  });
});
