import { formatNumber, formatPercent } from '../engine/base/units.ts';
import type { BenchRecord } from '../suites/bench-record.ts';
import type { TrialRecord } from '../suites/trial-record.ts';
import type { BenchPlan } from './bench-plan.ts';
import { headLines } from './bench-subject.ts';
import { comparisonLines } from './comparison-lines.ts';
import { peakLines } from './peak-lines.ts';
import { trialLines } from './trial-lines.ts';

/** What was measured, how sure it is and what spoils it, for a person at a terminal. */
export function summarizeBench(record: BenchRecord, plan: BenchPlan): string {
  if (record.comparison !== null) return comparisonLines(record, record.comparison).join('\n');
  if (record.peak !== null) return peakLines(record, plan).join('\n');
  const last = record.trials.at(-1);
  if (last === undefined) return 'nothing was measured';
  return [
    ...headLines(record, last),
    '',
    ...trialLines(last),
    ...comparedWithTuned(last, plan),
  ].join('\n');
}

function comparedWithTuned(trial: TrialRecord, plan: BenchPlan): string[] {
  if (plan.config.kind !== 'tuned' || trial.state !== 'completed') return [];
  if (trial.scenario.name !== 'closed-loop') return [];
  const before = plan.config.tuned.metrics.qps.value;
  const change = trial.metrics.qps / before - 1;
  const signed = `${change < 0 ? '-' : '+'}${formatPercent(Math.abs(change))}`;
  return [
    '',
    `  tuned.json says ${formatNumber(before)} samples/s: ${signed} now, in another hour of the machine`,
    '  to compare under equal conditions: --against',
  ];
}
