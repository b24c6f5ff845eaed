import { formatNumber, formatPercent } from '../engine/base/units.ts';
import type { TrialRecord } from '../suites/trial-record.ts';
import {
  completedTrials,
  constrainedFigures,
  measureArm,
  type FindSamples,
} from './arm-metrics.ts';
import { checkConstraint, meetsAll } from './constraint.ts';
import type { Constraint, MeasuredArm, RunOutcome, Verification } from './run-record.ts';
import { scoreOf, soughtName, type Goal, type SoughtFigures } from './objective.ts';
import { toObservation } from './observation.ts';
import { ranked, standings } from './search/standings.ts';
import type { Space } from './space.ts';
import { judgeVerification } from './verification.ts';

export interface Evidence {
  readonly space: Space;
  readonly constraints: readonly Constraint[];
  readonly seed: number;
  readonly trials: readonly TrialRecord[];
  readonly goal: Goal;
}

function rank(evidence: Evidence): ReturnType<typeof ranked> {
  const searched = evidence.trials.filter((trial) => trial.purpose.kind === 'search');
  const score = (figures: SoughtFigures): number | null => scoreOf(figures, evidence.goal);
  const observations = searched.map((trial) => toObservation(trial, score));
  return ranked(standings(observations, evidence.constraints));
}

/**
 * What ships. The candidate, which is what the search would ship (null: nothing), does when it meets the constraints in the
 * verification and is better there beyond noise and margin, or when the default
 * breaks a constraint; else the default; nothing when that breaks one too.
 */
export async function decideOutcome(
  evidence: Evidence,
  candidateKey: string | null,
  findSamples: FindSamples,
): Promise<RunOutcome> {
  const baseline = await measured(evidence, evidence.space.defaultArm.key, findSamples);
  if (candidateKey === null) return nothingFeasible(evidence, findSamples);
  const candidate = await measured(evidence, candidateKey, findSamples);
  if (baseline === null || candidate === null) return nothingFeasible(evidence, findSamples);
  if (candidateKey === evidence.space.defaultArm.key) {
    const reason = 'no arm was found to be better than the default';
    return { kind: 'default', shipped: baseline, baseline, verification: null, reason };
  }
  const verification = judgeVerification(evidence.trials, candidateKey, evidence);
  return (
    judge({ evidence, baseline, candidate, verification }) ?? nothingFeasible(evidence, findSamples)
  );
}

interface Contest {
  readonly evidence: Evidence;
  readonly baseline: MeasuredArm;
  readonly candidate: MeasuredArm;
  readonly verification: Verification | null;
}

function judge(contest: Contest): RunOutcome | null {
  const { baseline, candidate, verification, evidence } = contest;
  const meets = (arm: MeasuredArm): boolean =>
    meetsAll(constrainedFigures(arm.metrics), evidence.constraints);
  if (verification !== null && meets(candidate)) {
    if (verification.verdict === 'better') {
      const reason = `${ratioText(verification, evidence.goal)}: beyond noise and the margin of ${formatPercent(verification.margin)}`;
      return { kind: 'winner', shipped: candidate, baseline, verification, reason };
    }
    if (!meets(baseline)) {
      const reason = `the default breaks a constraint (${misses(baseline, evidence)}); this arm meets all, at ${ratioText(verification, evidence.goal)}`;
      return { kind: 'winner', shipped: candidate, baseline, verification, reason };
    }
  }
  if (!meets(baseline)) return null;
  const reason = shortfall(contest, meets(candidate));
  return { kind: 'default', shipped: baseline, baseline, verification, reason };
}

function shortfall(contest: Contest, candidateMeets: boolean): string {
  const { candidate, verification, evidence } = contest;
  const name = `the best arm of the search (${candidate.armKey})`;
  if (verification === null) return `${name} could not be measured again`;
  if (!candidateMeets)
    return `${name} broke a constraint when measured again: ${misses(candidate, evidence)}`;
  return `${name} was ${ratioText(verification, evidence.goal)} when measured again: ${verification.verdict}, not better beyond noise and the margin of ${formatPercent(verification.margin)}`;
}

function ratioText({ ratio }: Verification, goal: Goal): string {
  const what = goal.objective === 'qps' ? 'the default' : `the default's ${soughtName(goal)}`;
  return `${formatNumber(ratio.value)} times ${what} [${formatNumber(ratio.low)}, ${formatNumber(ratio.high)}]`;
}

function misses(arm: MeasuredArm, evidence: Evidence): string {
  return evidence.constraints
    .map((constraint) => checkConstraint(constrainedFigures(arm.metrics), constraint))
    .filter((check) => !check.met)
    .map((check) => check.text)
    .join(', ');
}

async function nothingFeasible(evidence: Evidence, findSamples: FindSamples): Promise<RunOutcome> {
  const [nearestStanding] = rank(evidence);
  if (nearestStanding === undefined) {
    return { kind: 'nothing-feasible', nearest: null, reason: noFigures(evidence) };
  }
  const nearest = await measured(evidence, nearestStanding.armKey, findSamples);
  const reason =
    nearest === null
      ? 'no arm meets the constraints'
      : `no arm meets the constraints; the nearest miss: ${misses(nearest, evidence) || 'see the verification'}`;
  return { kind: 'nothing-feasible', nearest, reason };
}

function noFigures(evidence: Evidence): string {
  const last = evidence.trials.at(-1);
  const why =
    last?.state === 'failed' || last?.state === 'out-of-memory' ? `: ${last.message}` : '';
  return `no trial was completed${why}`;
}

/** An arm's figures from the verification where there are some, else from the search. */
async function measured(
  evidence: Evidence,
  armKey: string,
  findSamples: FindSamples,
): Promise<MeasuredArm | null> {
  const arm = evidence.space.arms.find((one) => one.key === armKey);
  if (arm === undefined) return null;
  const verified = completedTrials(evidence.trials, armKey, 'verify');
  const trials =
    verified.length > 0 ? verified : completedTrials(evidence.trials, armKey, 'search');
  return trials.length === 0 ? null : measureArm(arm, trials, findSamples);
}
