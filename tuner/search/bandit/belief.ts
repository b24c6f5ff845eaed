import { fit, type Fitted } from '../gp/fit.ts';
import { groupedSpaceOf } from '../gp/grouped-space.ts';
import { posteriorCovariance, type Prediction } from '../gp/gaussian-process.ts';
import { MAX_FAILURES, type CompletedObservation, type SearchProblem } from '../searcher.ts';
import { completionModel, constraintModel, type MeetsConstraint } from './feasibility.ts';
import { BELIEFS } from './knowledge.ts';

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
  readonly score: Fitted;
  /** Arms with a completed trial, each once, by their first. */
  readonly measured: readonly Candidate[];
  /** Arms that failed too often to be asked again. */
  readonly givenUp: ReadonlySet<number>;
  readonly completes: MeetsConstraint;
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
  const values = Float64Array.from(completed, (record) => Math.log(record.score));
  const score = fit(grouped, { arms, values }, BELIEFS.score);
  if (score === null) return null;
  const constraints = problem.constraints.map((one) => constraintModel(problem, completed, one));
  const candidate = (arm: number): Candidate => {
    const prediction = score.process.predict(arm);
    const feasible = constraints.reduce((product, meets) => product * meets(arm), 1);
    return { arm, ...prediction, sd: Math.sqrt(prediction.variance), feasible };
  };
  return {
    score,
    measured: [...new Set(arms)].map(candidate),
    givenUp: givenUp(problem, indexOf),
    completes: completionModel(problem),
    candidate,
    covariance: (a, b) => posteriorCovariance(score.model, a, b),
  };
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
