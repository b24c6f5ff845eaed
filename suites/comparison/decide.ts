import { ratioInterval, type Estimate } from '../../engine/base/statistics.ts';
import { COMPARED_METRICS, type ComparedMetric } from './margins.ts';
import { isWithin, judgeRatio, type Verdict } from './verdict.ts';

/**
 * When a comparison may stop, and what it says then. It is looked at after 6, 12 and 20
 * blocks, each look spending a third of alpha (Bonferroni over the looks), so that
 * looking more than once does not make noise significant. The unit is the block: the
 * interval is Student's t on the blocks' log-ratios, exponentiated.
 *
 * Several primary metrics are held together by Holm (1979), "A Simple Sequentially
 * Rejective Multiple Test Procedure", over the hypotheses "it changed by no more than the
 * margin": with k metrics left, those that lie beyond the margin at alpha / (3 k) are
 * better or worse and leave, until none does. A false better or worse among all metrics
 * and looks together thus has at most the chance alpha. The milder verdicts of those that
 * stay rest on intervals at alpha / (3 m), m being all primary metrics: as a family of
 * their own, they too err with at most alpha.
 */

/** Counts of blocks at which a comparison is looked at. */
export const LOOKS = [6, 12, 20] as const;
/** The chance of a false verdict, all looks and primary metrics together. */
export const ALPHA = 0.05;

/** log(B / A) of each metric in one block. */
export type BlockLogRatios = Readonly<Partial<Record<ComparedMetric, number>>>;

export interface PrimaryMetric {
  readonly metric: ComparedMetric;
  /** From `marginFor`. */
  readonly margin: number;
}

export interface MetricVerdict extends PrimaryMetric {
  /** B / A, with the interval that the verdict rests on. */
  readonly ratio: Estimate;
  /** That interval's confidence. */
  readonly confidence: number;
  readonly verdict: Verdict;
}

export type NextStep =
  /** Measure until so many blocks are there. */
  | { readonly kind: 'more'; readonly until: number }
  /** Verdicts in the order of the primary metrics, from the first `blocks` blocks. */
  | { readonly kind: 'decided'; readonly blocks: number; readonly verdicts: MetricVerdict[] };

/**
 * What to do after these blocks. Decided at the first look at which every primary metric
 * is settled, and at the last look whatever it says. Blocks between two looks are not
 * looked at. Throws a RangeError where a block lacks a primary metric.
 */
export function nextStep(
  blocks: readonly BlockLogRatios[],
  primary: readonly PrimaryMetric[],
): NextStep {
  if (primary.length === 0) throw new RangeError('a comparison needs a primary metric');
  for (const look of LOOKS) {
    if (blocks.length < look) return { kind: 'more', until: look };
    const verdicts = judgeMetrics(blocks.slice(0, look), primary);
    if (look === LOOKS[LOOKS.length - 1] || verdicts.every(isSettled)) {
      return { kind: 'decided', blocks: look, verdicts };
    }
  }
  throw new Error('the last look decides');
}

/**
 * Whether more blocks cannot be hoped to say more. A difference inside the margin stops
 * the comparison only when its whole interval lies there: while that straddles the margin,
 * more blocks may show the difference to be one that matters.
 */
function isSettled({ verdict, ratio, margin }: MetricVerdict): boolean {
  if (verdict === 'different-within-margin') return isWithin(ratio, margin);
  return verdict !== 'inconclusive';
}

/** The verdicts of one look. */
export function judgeMetrics(
  blocks: readonly BlockLogRatios[],
  primary: readonly PrimaryMetric[],
): MetricVerdict[] {
  const alphaOfLook = ALPHA / LOOKS.length;
  const claims = new Map<PrimaryMetric, MetricVerdict>();
  while (claims.size < primary.length) {
    const left = primary.filter((metric) => !claims.has(metric));
    const found = left
      .map((metric) => [metric, judgeAt(blocks, metric, alphaOfLook / left.length)] as const)
      .filter(([, { verdict }]) => verdict === 'better' || verdict === 'worse');
    if (found.length === 0) break;
    for (const [metric, verdict] of found) claims.set(metric, verdict);
  }
  return primary.map(
    (metric) => claims.get(metric) ?? judgeAt(blocks, metric, alphaOfLook / primary.length),
  );
}

function judgeAt(
  blocks: readonly BlockLogRatios[],
  { metric, margin }: PrimaryMetric,
  alpha: number,
): MetricVerdict {
  const logRatios = blocks.map((block, index) => {
    const value = block[metric];
    if (value === undefined) throw new RangeError(`block ${index} has no ${metric}`);
    return value;
  });
  const ratio = ratioInterval(logRatios, 1 - alpha);
  const verdict = judgeRatio(ratio, margin, COMPARED_METRICS[metric]);
  return { metric, margin, ratio, confidence: 1 - alpha, verdict };
}
