import { describe, expect, test } from 'vitest';
import {
  judgeMetrics,
  nextStep,
  type BlockLogRatios,
  type NextStep,
} from '../../../suites/comparison/decide.ts';
import type { ComparedMetric } from '../../../suites/comparison/margins.ts';

const throughput = [{ metric: 'throughput', margin: 0.02 }] as const;

/** Log-ratios that alternate about a mean: their sample sd is spread x sqrt(n / (n - 1)). */
function alternating(
  count: number,
  of: Partial<Record<ComparedMetric, readonly [center: number, spread: number]>>,
): BlockLogRatios[] {
  return Array.from({ length: count }, (_, block) =>
    Object.fromEntries(
      Object.entries(of).map(([metric, [center, spread]]) => [
        metric,
        center + (block % 2 === 0 ? spread : -spread),
      ]),
    ),
  );
}

const verdictsOf = (step: NextStep): string[] | null =>
  step.kind === 'decided' ? step.verdicts.map(({ verdict }) => verdict) : null;

describe('nextStep', () => {
  test('asks for blocks until the next look, and does not look in between', () => {
    const clear = alternating(5, { throughput: [0.3, 0.001] });
    expect(nextStep([], throughput)).toEqual({ kind: 'more', until: 6 });
    expect(nextStep(clear, throughput)).toEqual({ kind: 'more', until: 6 });
    const vague = alternating(11, { throughput: [0, 0.05] });
    expect(nextStep(vague.slice(0, 6), throughput)).toEqual({ kind: 'more', until: 12 });
    expect(nextStep(vague, throughput)).toEqual({ kind: 'more', until: 12 });
  });

  test('stops at the first look that is clear, and keeps to it when more blocks come', () => {
    const clear = alternating(6, { throughput: [0.1, 0.01] });
    const step = nextStep(clear, throughput);
    expect(step).toMatchObject({ kind: 'decided', blocks: 6 });
    expect(verdictsOf(step)).toEqual(['better']);
    const contrary = alternating(14, { throughput: [-0.5, 0.01] });
    expect(nextStep([...clear, ...contrary], throughput)).toEqual(step);
  });

  test("rests on Student's t at a third of alpha, by hand", () => {
    // t(1 - 0.05 / 6, 5) = 3.5341 (scipy 1.17 t.ppf); sd 0.01 sqrt(6 / 5), over sqrt(6).
    const half = (3.5341 * 0.01) / Math.sqrt(5);
    const step = nextStep(alternating(6, { throughput: [0.1, 0.01] }), throughput);
    const first = step.kind === 'decided' ? step.verdicts[0] : undefined;
    expect(first?.ratio.low).toBeCloseTo(Math.exp(0.1 - half), 5);
    expect(first?.ratio.high).toBeCloseTo(Math.exp(0.1 + half), 5);
    expect(first?.confidence).toBeCloseTo(1 - 0.05 / 3, 12);
  });

  test('decides at the last look whatever it says', () => {
    const vague = alternating(20, { throughput: [0, 0.2] });
    const step = nextStep(vague, throughput);
    expect(step).toMatchObject({ kind: 'decided', blocks: 20 });
    expect(verdictsOf(step)).toEqual(['inconclusive']);
  });

  test('goes on while a difference straddles the margin, and stops once it lies inside', () => {
    // Half-widths at 6 blocks: 3.5341 / sqrt(5) = 1.58 spreads.
    const straddling = alternating(6, { throughput: [0.02, 0.005] });
    expect(judgeMetrics(straddling, throughput)[0]?.verdict).toBe('different-within-margin');
    expect(nextStep(straddling, throughput)).toEqual({ kind: 'more', until: 12 });
    const inside = alternating(6, { throughput: [0.01, 0.004] });
    expect(verdictsOf(nextStep(inside, throughput))).toEqual(['different-within-margin']);
  });

  test('waits for every primary metric', () => {
    const both = [...throughput, { metric: 'p99', margin: 0.05 }] as const;
    const blocks = alternating(12, { throughput: [0.1, 0.01], p99: [0, 0.06] });
    expect(nextStep(blocks.slice(0, 6), both)).toEqual({ kind: 'more', until: 12 });
    const calm = alternating(6, { throughput: [0.1, 0.01], p99: [0, 0.01] });
    expect(verdictsOf(nextStep(calm, both))).toEqual(['better', 'equivalent']);
  });

  test('takes a lower latency for better', () => {
    const p50 = [{ metric: 'p50', margin: 0.02 }] as const;
    expect(verdictsOf(nextStep(alternating(6, { p50: [-0.1, 0.01] }), p50))).toEqual(['better']);
  });

  test('refuses what it cannot judge', () => {
    expect(() => nextStep([], [])).toThrow(/needs a primary metric/);
    const blocks = alternating(6, { p50: [0, 0.01] });
    expect(() => nextStep(blocks, throughput)).toThrow('block 0 has no throughput');
  });
});

describe('several primary metrics', () => {
  const two = [...throughput, { metric: 'p50', margin: 0.02 }] as const;
  // Beyond the margin at alpha / 3, half-width 1.58 spreads, but not at alpha / 6, where
  // t(1 - 0.05 / 12, 5) = 4.2193 (scipy 1.17) makes it 1.887: low ends 0.0258 and 0.0181
  // on either side of log 1.02 = 0.0198.
  const borderline = [0.065, 0.0248] as const;

  test('a metric beyond the margin leaves a wider share of alpha to the others (Holm)', () => {
    const blocks = alternating(6, { throughput: borderline, p50: [-0.3, 0.01] });
    const verdicts = judgeMetrics(blocks, two);
    expect(verdicts.map(({ verdict }) => verdict)).toEqual(['better', 'better']);
    expect(verdicts[0]?.confidence).toBeCloseTo(1 - 0.05 / 3, 12);
    expect(verdicts[1]?.confidence).toBeCloseTo(1 - 0.05 / 6, 12);
  });

  test('one that is equivalent leaves none', () => {
    const blocks = alternating(6, { throughput: borderline, p50: [0, 0.001] });
    const verdicts = judgeMetrics(blocks, two);
    expect(verdicts.map(({ verdict }) => verdict)).toEqual([
      'different-within-margin',
      'equivalent',
    ]);
    expect(verdicts[0]?.confidence).toBeCloseTo(1 - 0.05 / 6, 12);
  });

  test('the same blocks suffice where the metric stands alone', () => {
    const blocks = alternating(6, { throughput: borderline });
    expect(judgeMetrics(blocks, throughput)[0]?.verdict).toBe('better');
  });
});
