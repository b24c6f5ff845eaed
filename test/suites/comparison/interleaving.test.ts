import { describe, expect, test } from 'vitest';
import { ratioInterval } from '../../../engine/base/statistics.ts';
import {
  ALPHA,
  judgeMetrics,
  LOOKS,
  nextStep,
  type BlockLogRatios,
} from '../../../suites/comparison/decide.ts';
import {
  interleavedSeries,
  sequentialSeries,
  TROUBLED_MACHINE,
  type SimulatedSeries,
} from '../../support/ab-simulation.ts';

type Design = (series: SimulatedSeries) => BlockLogRatios[];

const ROUNDS = 200;
const LAST_LOOK = LOOKS[2];

/** The share of simulated comparisons of which something holds. */
function share(
  design: Design,
  { blocks, ratio }: { readonly blocks: number; readonly ratio: number },
  holds: (series: BlockLogRatios[]) => boolean,
): number {
  let count = 0;
  for (let seed = 1; seed <= ROUNDS; seed += 1) {
    const logRatio = Math.log(ratio);
    if (holds(design({ blocks, logRatio, noise: TROUBLED_MACHINE, seed }))) count += 1;
  }
  return count / ROUNDS;
}

const decidesFor =
  (verdicts: readonly string[], margin: number) =>
  (blocks: BlockLogRatios[]): boolean => {
    const step = nextStep(blocks, [{ metric: 'throughput', margin }]);
    return (
      step.kind === 'decided' && step.verdicts.some(({ verdict }) => verdicts.includes(verdict))
    );
  };
const findsDifference = decidesFor(['better', 'worse'], 0.02);
/** Without a margin to hide behind: whatever is significant counts. */
const findsAnything = decidesFor(['better', 'worse'], 0);

/** At 95 %, looked at once. */
function excludesOne(blocks: BlockLogRatios[]): boolean {
  const { low, high } = ratioInterval(
    blocks.map(({ throughput = Number.NaN }) => throughput),
    0.95,
  );
  return low > 1 || high < 1;
}

describe('on a machine that scatters, drifts and steps, interleaved blocks', () => {
  const same = { blocks: LAST_LOOK, ratio: 1 };

  test('tell a thing from itself in at most 5 %, all looks together', () => {
    expect(share(interleavedSeries, same, findsDifference)).toBeLessThanOrEqual(ALPHA);
    expect(share(interleavedSeries, same, findsAnything)).toBeLessThanOrEqual(ALPHA);
  });

  test.each([
    [1.05, 'better'],
    [0.95, 'worse'],
  ])('find a change to %d within 12 blocks in at least 95 %%', (ratio, expected) => {
    const found = share(
      interleavedSeries,
      { blocks: 12, ratio },
      (blocks) =>
        judgeMetrics(blocks, [{ metric: 'throughput', margin: 0.02 }])[0]?.verdict === expected,
    );
    expect(found).toBeGreaterThanOrEqual(0.95);
  });

  test('settle most comparisons of a thing with itself as equivalent', () => {
    const equivalent = decidesFor(['equivalent'], 0.02);
    expect(share(interleavedSeries, same, equivalent)).toBeGreaterThan(0.9);
  });
});

describe('on the same machine, all of A before all of B', () => {
  test('tells a thing from itself in most runs: the simulation can fail', () => {
    const same = { blocks: LAST_LOOK, ratio: 1 };
    expect(share(sequentialSeries, same, findsDifference)).toBeGreaterThan(0.25);
    expect(share(sequentialSeries, same, findsAnything)).toBeGreaterThan(0.6);
    expect(share(sequentialSeries, { blocks: 12, ratio: 1 }, excludesOne)).toBeGreaterThan(0.5);
    expect(share(interleavedSeries, { blocks: 12, ratio: 1 }, excludesOne)).toBeLessThan(0.1);
  });
});
