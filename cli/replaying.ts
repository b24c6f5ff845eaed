import { z } from 'zod';
import { UsageError, UserError } from '../engine/base/errors.ts';
import { formatBytes, formatCount, formatNumber, parseDurationMs } from '../engine/base/units.ts';
import { describeConstraint } from '../tuner/constraint.ts';
import { readTable } from '../tuner/replay/read-table.ts';
import { summarizeReplay, type ReplayResult } from '../tuner/replay/replay-result.ts';
import { bestFeasibleScore, type ReplaySetting } from '../tuner/replay/replay-run.ts';
import { replaySeeds } from '../tuner/replay/replay-seeds.ts';
import { toPrior, type ReplayTable } from '../tuner/replay/replay-table.ts';
import type { Constraint } from '../tuner/run-record.ts';
import { EXIT } from './exit-codes.ts';
import { constraintOptionsSchema, parseConstraints, parseCount } from './option-values.ts';
import { checkOneBudget, parseSearcher } from './search-options.ts';

export const replayOptionsSchema = constraintOptionsSchema
  .pick({ slo: true, maxMemory: true })
  .extend({
    searcher: z.string(),
    trials: z.string().optional(),
    budget: z.string().optional(),
    seeds: z.string(),
    noise: z.string(),
    prior: z.array(z.string()).default([]),
  });
type ReplayOptions = z.infer<typeof replayOptionsSchema>;

const DEFAULT_TRIALS = 20;

export interface ReplayPlan {
  readonly tables: readonly ReplayTable[];
  readonly searcher: string;
  readonly seeds: number;
  readonly setting: ReplaySetting;
}

/** Everything that can be wrong is found before the first search. */
export async function planReplay(
  paths: readonly string[],
  options: ReplayOptions,
): Promise<ReplayPlan> {
  const searcher = parseSearcher(options.searcher);
  const constraints = parseConstraints(options, null);
  for (const constraint of constraints) checkRecorded(constraint);
  const rest = {
    constraints,
    budget: parseBudget(options),
    noise: parseNoise(options.noise),
  };
  const seeds = parseCount(options.seeds, '--seeds', 1);
  const tables = await Promise.all(paths.map(readTable));
  for (const table of tables) checkFeasible(table, constraints);
  const priors = (await Promise.all(options.prior.map(readTable))).map(toPrior);
  return { tables, searcher, seeds, setting: { ...rest, priors } };
}

function parseBudget({ trials, budget }: ReplayOptions): ReplaySetting['budget'] {
  checkOneBudget({ trials: trials !== undefined, budget: budget !== undefined });
  if (budget === undefined) {
    return { trials: trials === undefined ? DEFAULT_TRIALS : parseCount(trials, '--trials', 1) };
  }
  // A plain number is seconds here: recorded time, not the time of a clock.
  const withUnit = /\d\s*$/.test(budget) ? `${budget}s` : budget;
  return { seconds: parseDurationMs(withUnit, '--budget') / 1000 };
}

function parseNoise(text: string): number {
  const noise = Number(text);
  if (text.trim() === '' || !(noise >= 0 && noise < 1)) {
    throw new UsageError(`--noise '${text}' must be a share of at least 0 and below 1`, {
      remedy: 'give a standard deviation such as 0.03 for 3 %',
    });
  }
  return noise;
}

function checkRecorded(constraint: Constraint): void {
  if (constraint.kind !== 'latency' || ['p50', 'p99'].includes(constraint.percentile)) return;
  throw new UsageError(`--slo: tables have no ${constraint.percentile}`, {
    remedy: 'bound p50 or p99, which are recorded',
  });
}

function checkFeasible(table: ReplayTable, constraints: readonly Constraint[]): void {
  if (bestFeasibleScore(table, constraints) !== null) return;
  const truths = [...table.arms.values()].flatMap((arm) => arm.truth?.figures ?? []);
  const p99 = Math.min(...truths.map((figures) => figures.latencyMs.p99));
  const memory = Math.min(...truths.map((figures) => figures.memoryBytes));
  throw new UserError(
    `no arm of ${table.name} meets ${constraints.map(describeConstraint).join(' and ')}`,
    {
      exitCode: EXIT.nothingFeasible,
      remedy: `relax the bounds: the lowest p99 is ${formatNumber(p99)} ms, the lowest memory ${formatBytes(memory)}`,
    },
  );
}

/** Replays table after table, each with all its seeds in worker threads. */
export async function runReplays(
  { tables, searcher, seeds, setting }: ReplayPlan,
  around: { readonly signal: AbortSignal; readonly onProgress: (message: string) => void },
): Promise<ReplayResult[]> {
  const trials = 'trials' in setting.budget ? setting.budget.trials : null;
  const results: ReplayResult[] = [];
  for (const table of tables) {
    around.onProgress(`${table.name}: ${formatCount(seeds, 'seed')} by ${searcher}`);
    const { signal } = around;
    const runs = await replaySeeds({ table, searcher, setting }, { seeds, signal });
    results.push(summarizeReplay({ table: table.name, searcher, trials }, runs));
  }
  return results;
}
