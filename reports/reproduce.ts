import { durationWord } from '../engine/base/units.ts';
import { constraintWords } from '../tuner/constraint.ts';
import type { RunRecord } from '../tuner/run-record.ts';

/** A command line and what it does. */
export interface Command {
  readonly line: string;
  readonly purpose: string;
}

/** The commands that make this run's results again. */
export function reproduceCommands(run: RunRecord): readonly Command[] {
  const ships = run.outcome !== null && run.outcome.kind !== 'nothing-feasible';
  const bench = {
    line: 'claw bench --config tuned.json',
    purpose: 'measure the shipped configuration again; tuned.json lies beside this page',
  };
  return [
    { line: tuneCommand(run), purpose: 'search again with the same seed, constraints and budget' },
    ...(ships ? [bench] : []),
    {
      line: `claw report ${quoted(run.id)}`,
      purpose: 'write this page again from the stored records',
    },
  ];
}

function tuneCommand(run: RunRecord): string {
  const { workload, budget } = run;
  const words = ['claw', 'tune', quoted(workload.target)];
  if (workload.data.kind === 'file') words.push('--data', quoted(workload.data.path));
  // A suite sets its own dims and the option is for models alone.
  if (workload.suite === null) {
    for (const [name, value] of Object.entries(workload.dims)) {
      words.push('--dim', quoted(`${name}=${value}`));
    }
  }
  for (const constraint of run.constraints) words.push(...constraintWords(constraint).map(quoted));
  words.push(...goalWords(run), ...run.spaceOptions.map(quoted));
  for (const meter of run.meters) words.push('--meter', quoted(meter));
  if (budget.timeMs !== null) words.push('--budget', durationWord(budget.timeMs));
  if (budget.trials !== null) words.push('--trials', String(budget.trials));
  words.push('--duration', durationWord(run.trialMs), '--seed', String(run.seed));
  return words.join(' ');
}

function goalWords({ objective, pick, prices }: RunRecord): readonly string[] {
  if (objective === 'qps') return [];
  const words = ['--objective', objective];
  if (objective === 'pareto') words.push('--pick', pick);
  if (prices === null) return words;
  if (prices.capex !== null)
    words.push('--capex', String(prices.capex), '--life', `${prices.lifeYears}y`);
  if (prices.perKwh !== null) words.push('--price-kwh', String(prices.perKwh));
  return words;
}

/** Quoted for a POSIX shell where the word needs it. */
function quoted(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", "'\\''")}'`;
}
