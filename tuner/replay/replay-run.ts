import { createRandom, type Random } from '../../engine/base/random.ts';
import { meetsAll } from '../constraint.ts';
import type { Constraint } from '../run-record.ts';
import type { Ask, Observation, Prior, Searcher, SearchProblem } from '../search/searcher.ts';
import { figuresOf, type RecordedArm, type ReplayTable } from './replay-table.ts';
import type { ArmColumns } from './table-columns.ts';

export interface ReplaySetting {
  readonly constraints: readonly Constraint[];
  readonly priors: readonly Prior[];
  /** Evaluations, or seconds of recorded time. */
  readonly budget: { readonly trials: number } | { readonly seconds: number };
  /** Standard deviation of the logarithm of what is multiplied to QPS and latencies. */
  readonly noise: number;
  /** Without, what would have shipped is asked at the end alone: it costs as much as a decision. */
  readonly curve?: boolean;
}

/** One search of a table, and what it would have shipped. */
export interface ReplayRun {
  readonly seed: number;
  /** Null when nothing was known to meet the constraints. */
  readonly arm: ArmColumns | null;
  /** 1 - true QPS / QPS of the best truly feasible arm; 1 when nothing ships. */
  readonly regret: number;
  /** Whether what ships truly breaks a constraint. */
  readonly violated: boolean;
  readonly evaluations: number;
  readonly seconds: number;
  /** The regret of what would have shipped after 1, 2, ... evaluations. */
  readonly regrets: readonly number[];
}

/**
 * Searches a recorded table: each evaluation draws one of the arm's rows, its
 * figures times lognormal noise. The searcher sees these alone, never the truth.
 */
export function replayRun(
  table: ReplayTable,
  searcher: Searcher,
  options: ReplaySetting & { readonly seed: number },
): ReplayRun {
  const { seed, constraints, priors, budget } = options;
  const random = createRandom(seed, `replay ${table.name}`);
  const best = bestFeasibleScore(table, constraints) ?? 0;
  const records: Observation[] = [];
  const regrets: number[] = [];
  const problem = (): SearchProblem => ({
    space: table.space,
    sought: 'throughput',
    constraints,
    priors,
    seed,
    records: [...records],
    budget: spentOf(records, budget),
  });
  const regretOf = (arm: RecordedArm | null): number => 1 - (arm?.truth?.score ?? 0) / best;
  let shipped: RecordedArm | null = null;
  for (const arm of asked(table, { searcher, problem })) {
    records.push(evaluate(arm, random, options.noise));
    if (options.curve === false) continue;
    shipped = recommended(table, searcher, problem());
    regrets.push(regretOf(shipped));
  }
  if (options.curve === false) shipped = recommended(table, searcher, problem());
  return {
    seed,
    arm: shipped?.columns ?? null,
    regret: regretOf(shipped),
    violated: shipped !== null && !isFeasible(shipped, constraints),
    evaluations: records.length,
    seconds: secondsOf(records),
    regrets,
  };
}

/** Arms in the order in which the searcher wants them, until it is done or the budget spent. */
function* asked(
  table: ReplayTable,
  by: { readonly searcher: Searcher; readonly problem: () => SearchProblem },
): Generator<RecordedArm> {
  const mayGoOn = (): boolean => {
    const { budget } = by.problem();
    return budget === null || budget.spent < budget.total;
  };
  while (mayGoOn()) {
    const ask: Ask = by.searcher.ask(by.problem());
    if (ask.kind === 'done') return;
    const arm = table.arms.get(ask.armKey);
    if (arm === undefined) throw new Error(`the searcher asked for an unknown arm: ${ask.armKey}`);
    for (let done = 0; done < ask.repetitions && mayGoOn(); done += 1) yield arm;
  }
}

function spentOf(
  records: readonly Observation[],
  budget: ReplaySetting['budget'],
): SearchProblem['budget'] {
  if ('trials' in budget) return { spent: records.length, total: budget.trials };
  return { spent: secondsOf(records), total: budget.seconds };
}

function secondsOf(records: readonly Observation[]): number {
  return records.reduce((sum, record) => sum + record.costMs, 0) / 1000;
}

function evaluate(arm: RecordedArm, random: Random, noise: number): Observation {
  const row = random.pick(arm.rows);
  const common = { armKey: arm.key, costMs: row.cost_s * 1000 };
  if (row.failed === true) return { state: 'failed', ...common };
  const drawn = (value: number): number => value * Math.exp(noise * random.normal());
  const score = drawn(row.qps);
  const figures = figuresOf({
    p99Ms: drawn(row.p99_ms),
    p50Ms: drawn(row.p50_ms),
    memoryMib: row.mem_mib,
  });
  return { state: 'completed', ...common, score, figures };
}

function recommended(
  table: ReplayTable,
  searcher: Searcher,
  problem: SearchProblem,
): RecordedArm | null {
  const key = searcher.recommend(problem)?.armKey;
  return key === undefined ? null : (table.arms.get(key) ?? null);
}

function isFeasible({ truth }: RecordedArm, constraints: readonly Constraint[]): boolean {
  return truth !== null && meetsAll(truth.figures, constraints);
}

/** Null when no arm of the table meets the constraints. */
export function bestFeasibleScore(
  table: ReplayTable,
  constraints: readonly Constraint[],
): number | null {
  const feasible = [...table.arms.values()].filter((arm) => isFeasible(arm, constraints));
  if (feasible.length === 0) return null;
  return Math.max(...feasible.map((arm) => arm.truth?.score ?? 0));
}
