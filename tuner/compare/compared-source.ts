import type { BenchRecord } from '../../suites/bench-record.ts';
import type { ScenarioName } from '../../suites/scenarios/scenario.ts';
import type { TrialRecord } from '../../suites/trial-record.ts';
import type { WorkloadRecord } from '../../suites/workload-record.ts';
import type { FindSamples } from '../arm-metrics.ts';
import type { Constraint, RunRecord } from '../run-record.ts';

/** One sitting on one host: a run, or a bench. It counts as one session of each arm in it. */
export interface ComparedSource {
  /** The name of the run or the bench. */
  readonly id: string;
  readonly workload: WorkloadRecord;
  readonly host: RunRecord['host'];
  readonly versions: RunRecord['versions'];
  /** Of a run; null for a bench without a peak search, which has no bound. */
  readonly constraints: readonly Constraint[] | null;
  /** How the measured arms were driven. */
  readonly scenario: ScenarioName;
  readonly trials: readonly TrialRecord[];
  readonly findSamples: FindSamples;
  readonly record:
    | { readonly kind: 'run'; readonly run: RunRecord }
    | { readonly kind: 'bench'; readonly bench: BenchRecord };
}

export function runSource(
  run: RunRecord,
  trials: readonly TrialRecord[],
  findSamples: FindSamples,
): ComparedSource {
  const { id, workload, host, versions, constraints } = run;
  const record = { kind: 'run', run } as const;
  const scenario = workload.scenario;
  return { id, workload, host, versions, constraints, scenario, trials, findSamples, record };
}

/** Null for a bench without trials: it measured nothing. */
export function benchSource(bench: BenchRecord, findSamples: FindSamples): ComparedSource | null {
  const [first] = bench.trials;
  if (first === undefined) return null;
  const { id, workload, host, trials } = bench;
  const { scenario, versions } = first;
  const bound = scenario.name === 'server' && bench.peak !== null ? scenario.bound : null;
  return {
    id,
    workload,
    host,
    versions,
    constraints: bound === null ? null : [{ kind: 'latency', ...bound }],
    scenario: scenario.name,
    trials,
    findSamples,
    record: { kind: 'bench', bench },
  };
}
