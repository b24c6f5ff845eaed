import { quantileOfSorted } from '../../engine/base/statistics.ts';
import type { ReplayRun } from './replay-run.ts';

/** Many seeds of one table. */
export interface ReplayResult {
  readonly table: string;
  readonly searcher: string;
  /** Evaluations that each seed had; under a budget of time the most that one had. */
  readonly trials: number;
  readonly seeds: readonly Omit<ReplayRun, 'regrets'>[];
  readonly medianRegret: number;
  readonly p90Regret: number;
  readonly violations: number;
  readonly curve: readonly CurvePoint[];
}

export interface CurvePoint {
  readonly evaluations: number;
  readonly medianRegret: number;
  readonly p90Regret: number;
}

export function summarizeReplay(
  names: { readonly table: string; readonly searcher: string; readonly trials: number | null },
  runs: readonly ReplayRun[],
): ReplayResult {
  const { table, searcher, trials } = names;
  const longest = Math.max(...runs.map((run) => run.evaluations));
  return {
    table,
    searcher,
    trials: trials ?? longest,
    seeds: runs.map(({ regrets: _, ...run }) => run),
    ...typical(runs.map((run) => run.regret)),
    violations: runs.filter((run) => run.violated).length,
    curve: Array.from({ length: longest }, (_, index) => ({
      evaluations: index + 1,
      // A search that ended early keeps what it found.
      ...typical(runs.map((run) => run.regrets[index] ?? run.regret)),
    })),
  };
}

function typical(regrets: readonly number[]): Omit<CurvePoint, 'evaluations'> {
  const sorted = Float64Array.from(regrets).sort();
  return { medianRegret: quantileOfSorted(sorted, 0.5), p90Regret: quantileOfSorted(sorted, 0.9) };
}
