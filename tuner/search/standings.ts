import { mean, median } from '../../engine/base/statistics.ts';
import { totalExcess, type ConstrainedFigures } from '../constraint.ts';
import type { Constraint } from '../run-record.ts';
import {
  MAX_FAILURES,
  type Observation,
  type Recommendation,
  type SearchProblem,
} from './searcher.ts';

/** What is known of one arm. */
export interface Standing {
  readonly armKey: string;
  readonly completed: number;
  readonly failed: number;
  /** Mean of log score; -Infinity without a completed trial. */
  readonly logScore: number;
  /** 1 when every constraint is met, more the further off. */
  readonly excess: number;
}

/** Standings by arm. O(records). */
export function standings(
  records: readonly Observation[],
  constraints: readonly Constraint[],
): Map<string, Standing> {
  const byArm = Map.groupBy(records, (record) => record.armKey);
  return new Map([...byArm].map(([armKey, own]) => [armKey, standing(armKey, own, constraints)]));
}

function standing(
  armKey: string,
  records: readonly Observation[],
  constraints: readonly Constraint[],
): Standing {
  const completed = records.filter((record) => record.state === 'completed');
  return {
    armKey,
    completed: completed.length,
    failed: records.length - completed.length,
    logScore:
      completed.length === 0 ? -Infinity : mean(completed.map((record) => Math.log(record.score))),
    excess:
      completed.length === 0
        ? Infinity
        : totalExcess(constrainedMedians(completed.map((record) => record.figures)), constraints),
  };
}

/** Figures of several trials of one arm: the median of each, absent where a trial lacks it. */
function constrainedMedians(trials: readonly ConstrainedFigures[]): ConstrainedFigures {
  const typical = (of: (figures: ConstrainedFigures) => number): number => median(trials.map(of));
  const known = (of: (figures: ConstrainedFigures) => number | undefined): number | undefined => {
    const values = trials.map(of).filter((value) => value !== undefined);
    return values.length < trials.length ? undefined : median(values);
  };
  return {
    latencyMs: {
      p50: typical((figures) => figures.latencyMs.p50),
      p90: typical((figures) => figures.latencyMs.p90),
      p95: typical((figures) => figures.latencyMs.p95),
      p99: typical((figures) => figures.latencyMs.p99),
    },
    memoryBytes: typical((figures) => figures.memoryBytes),
    accuracy: known((figures) => figures.accuracy),
    watts: known((figures) => figures.watts),
  };
}

/** Arms with a figure, best first: those that meet the constraints by score, then the nearest misses. */
export function ranked(all: ReadonlyMap<string, Standing>): Standing[] {
  return [...all.values()]
    .filter((one) => one.completed > 0)
    .sort((a, b) => {
      if (a.excess !== b.excess && Math.max(a.excess, b.excess) > 1) return a.excess - b.excess;
      return b.logScore - a.logScore || (a.armKey < b.armKey ? -1 : 1);
    });
}

/**
 * The best arm measured that meets the constraints, by its mean: what a searcher
 * without a model recommends.
 */
export function bestMeasured(
  problem: Pick<SearchProblem, 'records' | 'constraints'>,
): Recommendation | null {
  const [best] = ranked(standings(problem.records, problem.constraints));
  if (best === undefined || best.excess > 1) return null;
  return { armKey: best.armKey, candidateKey: best.armKey, feasible: null, better: null };
}

/** Worth asking: never completed, and not given up; `armKey` may be unknown so far. */
export function isOpen(armKey: string, known: ReadonlyMap<string, Standing>): boolean {
  const own = known.get(armKey);
  if (own === undefined) return true;
  return own.completed === 0 && own.failed < MAX_FAILURES;
}
