import { toPrior, type ReplayTable } from '../../../tuner/replay/replay-table.ts';
import type { Prior } from '../../../tuner/search/searcher.ts';
import { reportRegret, searchTable } from './search-runs.ts';

/** With other tables as priors 12 evaluations should do what 20 do; a reversed one costs little. */
export async function priorRuns(table: ReplayTable, tables: readonly ReplayTable[]): Promise<void> {
  const others = tables.filter((one) => one !== table).slice(0, 2);
  const aim = percent(await searchTable(table, { trials: 20 }));
  if (others.length > 0) {
    const result = await searchTable(table, { trials: 12, priors: others.map(toPrior) });
    reportRegret(`${table.name}, 12 evaluations with ${others.length} priors`, result, aim);
  }
  const plain = percent(await searchTable(table, { trials: 20 }));
  const misled = await searchTable(table, { trials: 24, priors: [reversed(toPrior(table))] });
  reportRegret(`${table.name}, 24 evaluations with its own order reversed`, misled, plain);
}

function percent(result: { readonly medianRegret: number; readonly p90Regret: number }): {
  readonly median: number;
  readonly p90: number;
} {
  return {
    median: Math.ceil(1000 * result.medianRegret) / 10,
    p90: Math.ceil(1000 * result.p90Regret) / 10,
  };
}

function reversed(prior: Prior): Prior {
  const scores = prior.scores.map(({ arm, score }) => ({ arm, score: 1 / score }));
  return { hostKey: `${prior.hostKey} reversed`, scores };
}
