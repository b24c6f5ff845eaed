import { formatCount, formatNumber, formatPercent } from '../engine/base/units.ts';
import { describeConstraint } from '../tuner/constraint.ts';
import type { ReplayResult } from '../tuner/replay/replay-result.ts';
import type { ReplaySetting } from '../tuner/replay/replay-run.ts';
import type { ArmColumns } from '../tuner/replay/table-columns.ts';

/** Evaluations at which the curve is shown: few lines tell it. */
const SHOWN = [1, 2, 3, 5, 8, 12, 16, 20, 30, 40, 60, 80, 120, 200, 500, 1000];

/** What people read: how far from the best, how soon, and what would have shipped. */
export function summarizeReplays(
  results: readonly ReplayResult[],
  setting: Pick<ReplaySetting, 'constraints'>,
): string {
  return results.map((result) => summarizeOne(result, setting.constraints)).join('\n\n');
}

function summarizeOne(result: ReplayResult, constraints: ReplaySetting['constraints']): string {
  const { table, searcher, seeds, curve, violations } = result;
  const bounds = constraints.map((constraint) => `, ${describeConstraint(constraint)}`).join('');
  const shown = curve.filter(
    ({ evaluations }) => SHOWN.includes(evaluations) || evaluations === curve.length,
  );
  return [
    `${table}: ${searcher}, ${formatCount(seeds.length, 'seed')}${bounds}`,
    '  evaluations   median regret   p90 regret',
    ...shown.map(
      ({ evaluations, medianRegret, p90Regret }) =>
        `  ${String(evaluations).padStart(11)}${formatPercent(medianRegret).padStart(16)}${formatPercent(p90Regret).padStart(13)}`,
    ),
    ...(constraints.length > 0 ? [`  shipped in breach of a bound: ${violations}`] : []),
    ...shippedArms(result),
  ].join('\n');
}

/** The arms that shipped most often. */
function shippedArms({ seeds }: ReplayResult): string[] {
  const counts = new Map<string, number>();
  for (const { arm } of seeds) {
    const name = arm === null ? 'nothing' : describe(arm);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const seconds = seeds.reduce((sum, seed) => sum + seed.seconds, 0) / seeds.length;
  const order = [...counts].sort(([, a], [, b]) => b - a).slice(0, 3);
  return [
    `  recorded time: ${formatNumber(seconds)} s a search`,
    ...order.map(([name, count]) => `  shipped ${formatCount(count, 'time')}: ${name}`),
  ];
}

function describe(arm: ArmColumns): string {
  const { precision, replicas, intra_op_threads: threads, batch } = arm;
  const flags = [arm.spinning ? 'spinning' : 'sleeping', arm.arena ? 'arena' : 'no arena'];
  return `${precision}, ${replicas} x ${threads}, batch ${batch}, ${arm.graph_level}, ${flags.join(', ')}`;
}
