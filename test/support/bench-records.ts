import type { BenchRecord, ComparisonRecord, JudgedMetric } from '../../suites/bench-record.ts';
import type { TrialMetrics, TrialRecord } from '../../suites/trial-record.ts';
import type { Arm } from '../../tuner/arm.ts';
import { defaultSpace } from '../../tuner/space.ts';
import { completedRecord, fakeRun } from './fake-trials.ts';

/** Hand-made records of `claw bench`: no model runs. */

const space = defaultSpace(2, { batch: 'free', passes: ['none'] });
export const defaultArm: Arm = space.defaultArm;

export interface BenchTrial {
  readonly sequence?: number;
  readonly arm?: Arm;
  readonly purpose?: TrialRecord['purpose'];
  readonly scenario?: TrialRecord['scenario'];
  readonly warnings?: TrialRecord['warnings'];
  readonly metrics?: Partial<TrialMetrics>;
}

type CompletedTrial = Extract<TrialRecord, { state: 'completed' }>;

/** 1000 samples/s, and 200 latencies in even steps up to 1 ms. */
export function benchTrial(changes: BenchTrial = {}): CompletedTrial {
  const { sequence = 0, arm = defaultArm, purpose = { kind: 'bench' } } = changes;
  const trial = completedRecord({ arm, sequence, purpose }, { qps: 1000 });
  if (trial.state !== 'completed') throw new Error('a completed record is completed');
  return {
    ...trial,
    scenario: changes.scenario ?? trial.scenario,
    warnings: changes.warnings ?? [],
    metrics: { ...trial.metrics, ...changes.metrics },
  };
}

type Ending =
  | Pick<Extract<TrialRecord, { state: 'invalid' }>, 'state' | 'reasons'>
  | { readonly state: 'failed' | 'out-of-memory'; readonly message: string }
  | { readonly state: 'timeout'; readonly limitMs: number };

/** The same trial with another end; an invalid one keeps its figures. */
export function endedBenchTrial(ending: Ending, changes: BenchTrial = {}): TrialRecord {
  const { metrics, state: _, ...common } = benchTrial(changes);
  return ending.state === 'invalid' ? { ...common, ...ending, metrics } : { ...common, ...ending };
}

export function benchRecord(
  trials: readonly TrialRecord[],
  changes: Partial<BenchRecord> = {},
): BenchRecord {
  const { workload, host } = fakeRun(space);
  return {
    schema: 'openclaw.bench/1',
    id: 'bench',
    createdAt: '2026-01-01T00:00:00.000Z',
    workload,
    host,
    trials: [...trials],
    comparison: null,
    peak: null,
    ...changes,
  };
}

export function comparisonRecord(
  metrics: readonly JudgedMetric[],
  changes: Partial<ComparisonRecord> = {},
): ComparisonRecord {
  const block = { order: 'ABBA', logRatios: { throughput: 0.1 } } as const;
  return {
    blocks: metrics.length === 0 ? [] : Array.from({ length: 6 }, () => block),
    lost: 0,
    metrics: [...metrics],
    noise: {
      schema: 'openclaw.noise/1',
      hostKey: 'host',
      measuredAt: new Date().toISOString(),
      blocks: 7,
      metrics: {},
    },
    ...changes,
  };
}
