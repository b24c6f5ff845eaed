import { describe, expect, test } from 'vitest';
import { planBlocks } from '../../../suites/comparison/blocks.ts';
import {
  compareTrials,
  type ComparedTrial,
  type Comparison,
} from '../../../suites/comparison/compare-trials.ts';
import type { NextStep } from '../../../suites/comparison/decide.ts';
import type { TrialRecord } from '../../../suites/trial-record.ts';
import {
  comparedRecord,
  crashedRecord,
  invalidRecord,
  measureWith,
  STEAL,
} from '../../support/trial-comparison.ts';

interface Run {
  readonly comparison: Comparison;
  readonly asked: readonly ComparedTrial[];
  readonly steps: readonly (readonly [done: number, next: NextStep])[];
}

async function compare(
  answer: (trial: ComparedTrial, index: number) => TrialRecord,
  more: { readonly fixedBlocks?: number; readonly seed?: number } = {},
): Promise<Run> {
  const { asked, measure } = measureWith(answer);
  const steps: [number, NextStep][] = [];
  const comparison = await compareTrials({
    measure,
    primary: [{ metric: 'throughput', margin: 0.02 }],
    seed: 1,
    onBlock: (done, next) => steps.push([done, next]),
    ...more,
  });
  return { comparison, asked, steps };
}

/** B answers a tenth more. */
const faster = ({ side }: ComparedTrial): TrialRecord =>
  comparedRecord({ qps: side === 'b' ? 1100 : 1000 });

describe('a comparison of trials', () => {
  test('stops at the first look when the difference is clear', async () => {
    const { comparison, asked, steps } = await compare(faster);
    expect(asked).toHaveLength(24);
    expect(comparison.blocks).toHaveLength(6);
    expect(comparison).toMatchObject({ lost: 0, reason: null });
    for (const { logRatios } of comparison.blocks) {
      expect(logRatios.throughput).toBeCloseTo(Math.log(1.1), 12);
      expect(logRatios.p99).toBeCloseTo(0, 12);
      expect(logRatios).not.toHaveProperty('energy');
    }
    expect(steps.map(([done]) => done)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(steps.at(-1)?.[1]).toMatchObject({
      kind: 'decided',
      blocks: 6,
      verdicts: [{ metric: 'throughput', verdict: 'better' }],
    });
  });

  test('goes to the last look while it cannot tell', async () => {
    // Blocks disagree: B is now a fifth faster, now a fifth slower.
    const { comparison, asked, steps } = await compare(({ side, block }) =>
      comparedRecord({ qps: side === 'a' ? 1000 : block % 2 === 0 ? 1200 : 1000 / 1.2 }),
    );
    expect(comparison.blocks).toHaveLength(20);
    expect(asked).toHaveLength(80);
    expect(steps[5]?.[1]).toEqual({ kind: 'more', until: 12 });
    expect(steps.at(-1)?.[1]).toMatchObject({
      kind: 'decided',
      blocks: 20,
      verdicts: [{ verdict: 'inconclusive' }],
    });
  });

  test('measures the sides in the order that the seed plans', async () => {
    const { comparison, asked } = await compare(faster, { seed: 7 });
    const planned = planBlocks(6, 7);
    expect(comparison.blocks.map(({ order }) => order)).toEqual(planned);
    expect(asked.map(({ side }) => side.toUpperCase()).join('')).toBe(planned.join(''));
    expect(asked.slice(0, 5).map(({ block, position }) => [block, position])).toEqual([
      [0, 0],
      [0, 1],
      [0, 2],
      [0, 3],
      [1, 0],
    ]);
    expect((await compare(faster, { seed: 7 })).asked).toEqual(asked);
  });

  test('measures a fixed number of blocks, whatever the looks say', async () => {
    expect((await compare(faster, { fixedBlocks: 7 })).comparison.blocks).toHaveLength(7);
    expect((await compare(faster, { fixedBlocks: 2 })).asked).toHaveLength(8);
  });

  test('repeats an invalid trial twice before it believes it', async () => {
    const { comparison, asked } = await compare((trial, index) =>
      index === 1 || index === 2 ? invalidRecord(STEAL) : faster(trial),
    );
    expect(comparison).toMatchObject({ lost: 0, reason: null });
    expect(comparison.blocks).toHaveLength(6);
    expect(asked).toHaveLength(26);
    expect(asked[3]).toEqual(asked[1]);
  });

  test('replaces a block that stays without valid figures', async () => {
    const { comparison, asked } = await compare((trial) =>
      trial.block === 2 && trial.position === 1 ? invalidRecord(STEAL) : faster(trial),
    );
    expect(comparison.lost).toBe(1);
    expect(comparison.reason).toMatchObject({ state: 'invalid', reasons: [STEAL] });
    // Its first trial and three attempts at its second; then four in each of six blocks.
    expect(asked).toHaveLength(4 + 24);
    const planned = planBlocks(7, 1);
    expect(comparison.blocks.map(({ order }) => order)).toEqual(planned.toSpliced(2, 1));
  });

  test('is given up after four lost blocks', async () => {
    const { comparison, asked } = await compare(() => invalidRecord(STEAL));
    expect(comparison).toMatchObject({ blocks: [], lost: 4 });
    expect(asked).toHaveLength(12);
  });

  test.each([
    ['a crash', crashedRecord('exit code 3')],
    ['a wrong output', invalidRecord({ kind: 'wrong-output', phase: 'before', detail: 'y' })],
    ['too few queries', invalidRecord(STEAL, { kind: 'few-queries', count: 1, wanted: 2 })],
  ])('ends at once with %s, which no repetition would mend', async (_name, record) => {
    const { comparison, asked } = await compare((trial, index) =>
      index === 5 ? record : faster(trial),
    );
    expect(asked).toHaveLength(6);
    expect(comparison.blocks).toHaveLength(1);
    expect(comparison.lost).toBe(1);
    expect(comparison.reason).toBe(record);
  });

  test('an estimate of energy is left out, a measurement is compared', async () => {
    const withEnergy =
      (state: 'estimated' | 'measured') =>
      ({ side }: ComparedTrial): TrialRecord => {
        const record = comparedRecord({ qps: 1000 });
        if (record.state !== 'completed') throw new Error('not completed');
        const energyJPerInference = {
          state,
          value: side === 'b' ? 3 : 2,
          netValue: null,
          watts: 10,
          idleWatts: null,
          source: 'fake',
          scope: 'board',
          quality: 'sampled',
          coverage: 1,
          notes: [],
        };
        return { ...record, metrics: { ...record.metrics, energyJPerInference } };
      };
    const measured = await compare(withEnergy('measured'), { fixedBlocks: 1 });
    expect(measured.comparison.blocks[0]?.logRatios.energy).toBeCloseTo(Math.log(1.5), 12);
    const estimated = await compare(withEnergy('estimated'), { fixedBlocks: 1 });
    expect(estimated.comparison.blocks[0]?.logRatios).not.toHaveProperty('energy');
  });
});
