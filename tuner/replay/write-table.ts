import { writeFileAtomic } from '../../engine/base/files.ts';
import type { TrialRecord } from '../../suites/trial-record.ts';
import { armValues } from '../search-knobs.ts';
import { KNOB_OF_COLUMN } from './table-columns.ts';

/**
 * Writes the search trials of a run as a table for `claw replay`: JSON lines in the
 * columns of `table-columns.ts`. At once or not at all. Trials that say nothing of
 * their arm (invalid) are left out.
 */
export async function writeTable(path: string, trials: readonly TrialRecord[]): Promise<void> {
  const rows = trials
    .filter(({ purpose, state }) => purpose.kind === 'search' && state !== 'invalid')
    .map((trial) => JSON.stringify({ ...armColumnsOf(trial), ...figureColumnsOf(trial) }));
  await writeFileAtomic(path, rows.map((row) => `${row}\n`).join(''));
}

function armColumnsOf({ config }: TrialRecord): Readonly<Record<string, unknown>> {
  const values = armValues(config);
  const entries = Object.entries(KNOB_OF_COLUMN).map(([column, knob]) => [column, values[knob]]);
  return Object.fromEntries(entries) as Record<string, unknown>;
}

function figureColumnsOf(trial: TrialRecord): Readonly<Record<string, unknown>> {
  const costSeconds = trial.costMs / 1000;
  if (trial.state !== 'completed') return { failed: true, cost_s: costSeconds };
  const { qps, latencyMs, memoryBytes, cold } = trial.metrics;
  return {
    qps,
    p50_ms: latencyMs.p50,
    p99_ms: latencyMs.p99,
    mem_mib: memoryBytes / 2 ** 20,
    load_ms: cold.createMs,
    cost_s: costSeconds,
    n: latencyMs.count,
  };
}
