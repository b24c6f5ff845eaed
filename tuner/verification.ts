import { createRandom } from '../engine/base/random.ts';
import { ratioInterval, type Estimate } from '../engine/base/statistics.ts';
import { judgeRatio } from '../suites/comparison/verdict.ts';
import type { CompletedTrial, TrialRecord } from '../suites/trial-record.ts';
import { scoreOf, type Goal } from './objective.ts';
import { soughtFigures } from './observation.ts';
import type { Verification } from './run-record.ts';

/**
 * The winner measured again against the default: interleaved pairs of fresh
 * processes, so that drift and steps of the machine hit both alike. The unit is
 * the pair, never the single inference.
 */

export const VERIFICATION_PAIRS = 6;
/** Trials of a default that nothing beat: the least that has an interval worth the name. */
const DEFAULT_ALONE = 3;
/** Trials of one half of a pair that fail before the pair is given up. */
const MAX_FAILURES = 2;
/** An invalid one says nothing about the arm and may be repeated once more. */
const MAX_ATTEMPTS = 3;
const CONFIDENCE = 0.95;
/** Below this relative difference two configurations count as equal. */
const MARGIN = 0.02;

export type Role = 'default' | 'candidate';

export interface Contestants {
  /** Keys of the arms. */
  readonly candidate: string;
  readonly default: string;
}

/** Trials that the verification of a candidate takes, when none fails. */
export function verificationTrials(candidateKey: string, defaultKey: string): number {
  return candidateKey === defaultKey ? DEFAULT_ALONE : 2 * VERIFICATION_PAIRS;
}

/**
 * The next half to measure, or null when every pair is complete or given up. A
 * default that nothing beat is only measured again, for figures with an interval.
 */
export function nextHalf(
  trials: readonly TrialRecord[],
  arms: Contestants,
  seed: number,
): { readonly pair: number; readonly role: Role } | null {
  for (const [pair, roles] of plannedRoles(arms, seed).entries()) {
    for (const role of roles) {
      const attempts = halves(trials, { pair, role, candidateKey: arms.candidate });
      if (attempts.some((trial) => trial.state === 'completed')) continue;
      const failures = attempts.filter((trial) => trial.state !== 'invalid').length;
      if (failures < MAX_FAILURES && attempts.length < MAX_ATTEMPTS) return { pair, role };
      // This pair is lost: measuring its other half would prove nothing.
      break;
    }
  }
  return null;
}

function plannedRoles(arms: Contestants, seed: number): readonly (readonly Role[])[] {
  if (arms.candidate === arms.default) {
    return Array.from({ length: DEFAULT_ALONE }, () => ['default'] as const);
  }
  return pairOrders(seed).map((order) =>
    order === 'AB' ? ['default', 'candidate'] : ['candidate', 'default'],
  );
}

/** Half the pairs start with the default, half with the candidate, in an order drawn by the seed. */
export function pairOrders(seed: number): readonly ('AB' | 'BA')[] {
  const orders = Array.from({ length: VERIFICATION_PAIRS }, (_, pair): 'AB' | 'BA' =>
    pair % 2 === 0 ? 'AB' : 'BA',
  );
  return createRandom(seed, 'verification').shuffled(orders);
}

/** The verdict from the pairs that are complete; null without any. */
export function judgeVerification(
  trials: readonly TrialRecord[],
  candidateKey: string,
  { seed, goal }: { readonly seed: number; readonly goal: Goal },
): Verification | null {
  const pairs = pairOrders(seed).flatMap((order, pair) => {
    const find = (role: Role): CompletedTrial | undefined =>
      halves(trials, { pair, role, candidateKey }).find((trial) => trial.state === 'completed');
    const a = find('default');
    const b = find('candidate');
    if (a === undefined || b === undefined) return [];
    const before = scoreOf(soughtFigures(a.metrics), goal);
    const after = scoreOf(soughtFigures(b.metrics), goal);
    if (before === null || after === null) return [];
    const logRatio = Math.log(after / before);
    return [{ pair, order, defaultTrial: a.id, candidateTrial: b.id, logRatio }];
  });
  if (pairs.length === 0) return null;
  const ratio = ratioInterval(
    pairs.map((pair) => pair.logRatio),
    CONFIDENCE,
  );
  const verdict =
    pairs.length < VERIFICATION_PAIRS
      ? 'inconclusive'
      : judgeRatio(ratio, MARGIN, { higherIsBetter: true });
  return {
    candidate: candidateKey,
    pairs,
    ratio: finite(ratio),
    margin: MARGIN,
    verdict,
  };
}

function halves(
  trials: readonly TrialRecord[],
  of: { readonly pair: number; readonly role: Role; readonly candidateKey: string },
): TrialRecord[] {
  return trials.filter(
    (trial) =>
      trial.purpose.kind === 'verify' &&
      trial.purpose.pair === of.pair &&
      trial.purpose.role === of.role &&
      trial.purpose.candidate === of.candidateKey,
  );
}

/** JSON has no infinity: one pair alone has an interval from nothing to the largest number. */
function finite(estimate: Estimate): Estimate {
  return { ...estimate, low: Math.max(estimate.low, 0), high: Math.min(estimate.high, 1e9) };
}
