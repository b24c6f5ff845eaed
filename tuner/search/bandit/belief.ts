import { priorMean, posteriorCovariance, type Prediction } from '../gp/gaussian-process.ts';
import { groupEffects } from '../gp/effects.ts';
import { fit } from '../gp/fit.ts';
import { groupedSpaceOf, type GroupedSpace } from '../gp/grouped-space.ts';
import {
  MAX_FAILURES,
  type CompletedObservation,
  type SearchArm,
  type SearchProblem,
} from '../searcher.ts';
import {
  completionModel,
  constraintModel,
  logQueued,
  type MeetsConstraint,
} from './feasibility.ts';
import { BELIEFS } from './knowledge.ts';
import { opinionsOf, transferredMean } from './transfer.ts';

/** An arm as the model sees it: log score, its error, and the chance that it may ship. */
export interface Candidate extends Prediction {
  /** Index in the space. */
  readonly arm: number;
  readonly sd: number;
  /** P(every constraint is met), given that its trials complete. */
  readonly feasible: number;
}

/** What is believed after the records so far. */
export interface Belief {
  /** Arms with a completed trial, each once, by their first. */
  readonly measured: readonly Candidate[];
  /** Arms that failed too often to be asked again. */
  readonly givenUp: ReadonlySet<number>;
  /** Standard deviation of one measurement's logarithm. */
  readonly noiseSd: number;
  readonly completes: MeetsConstraint;
  /** The expected log score alone: cheaper than a candidate. */
  mean(arm: number): number;
  candidate(arm: number): Candidate;
  covariance(a: Candidate, b: Candidate): number;
}

/** Null before anything completed. */
export function believe(problem: SearchProblem): Belief | null {
  const grouped = groupedSpaceOf(problem.space);
  const indexOf = (armKey: string): number => grouped.indexByKey.get(armKey) ?? -1;
  const completed = problem.records.filter(
    (record): record is CompletedObservation =>
      record.state === 'completed' && indexOf(record.armKey) >= 0,
  );
  const arms = Int32Array.from(completed, (record) => indexOf(record.armKey));
  const { space, sought } = problem;
  // A score of latency is that of throughput less what is queued.
  const queued = (arm: number): number =>
    sought === 'latency' ? logQueued(space.arms[arm] as SearchArm) : 0;
  const values = Float64Array.from(
    completed,
    (record, i) => Math.log(record.score) + queued(arms[i] as number),
  );
  const shift = transferred(problem, grouped, { arms, values });
  const shiftOf = (arm: number): number => shift?.[arm] ?? 0;
  const own = values.map((value, i) => value - shiftOf(arms[i] as number));
  const score = fit(grouped, { arms, values: own }, BELIEFS.score);
  if (score === null) return null;
  const constraints = problem.constraints.map((one) => constraintModel(problem, completed, one));
  const candidate = (arm: number): Candidate => {
    const { variance, projection, mean } = score.process.predict(arm);
    const feasible = constraints.reduce((product, meets) => product * meets(arm), 1);
    const sd = Math.sqrt(variance);
    return { arm, mean: mean + shiftOf(arm) - queued(arm), variance, projection, sd, feasible };
  };
  return {
    measured: [...new Set(arms)].map(candidate),
    givenUp: givenUp(problem, indexOf),
    noiseSd: score.model.noise.noiseSd,
    completes: completionModel(problem),
    mean: (arm) => score.process.mean(arm) + shiftOf(arm) - queued(arm),
    candidate,
    covariance: (a, b) => posteriorCovariance(score.model, a, b),
  };
}

/** What other hosts add to the expected log score of each arm; null when they say nothing. */
function transferred(
  { space, priors }: SearchProblem,
  grouped: GroupedSpace,
  rows: Parameters<typeof fit>[1],
): Float64Array | null {
  if (priors.length === 0) return null;
  const effects = groupEffects(grouped, BELIEFS.score.effects);
  const known = { space: grouped, effects, level: 0 };
  const byArm = Map.groupBy(rows.arms.keys(), (row) => rows.arms[row] as number);
  const measured = [...byArm].map(([arm, own]) => {
    const score = own.reduce((sum, row) => sum + (rows.values[row] as number), 0) / own.length;
    return { arm, score, residual: score - priorMean(known, arm) };
  });
  return transferredMean(opinionsOf(space, priors), measured);
}

function givenUp(
  { records }: SearchProblem,
  indexOf: (armKey: string) => number,
): ReadonlySet<number> {
  const failures = new Map<number, number>();
  for (const { armKey, state } of records) {
    if (state === 'completed') continue;
    const arm = indexOf(armKey);
    failures.set(arm, (failures.get(arm) ?? 0) + 1);
  }
  return new Set([...failures].filter(([, count]) => count >= MAX_FAILURES).map(([arm]) => arm));
}
