import { median } from '../engine/base/statistics.ts';
import type { EngineConfig } from '../engine/runtime/engine-config.ts';
import type { CompletedTrial, TrialMetrics } from '../suites/trial-record.ts';
import type { MeasuredArm, ServerFigures } from '../tuner/run-record.ts';
import { wattsOf } from '../tuner/constraint.ts';
import type { Range } from './figure-format.ts';

export type Percentile = 'p50' | 'p90' | 'p95' | 'p99';
export type Energy = TrialMetrics['energyJPerInference'];

/** What is known of one arm, from its trials or from the run's outcome. */
export interface ArmFigures {
  readonly armKey: string;
  readonly config: EngineConfig;
  readonly qps: { readonly value: number } & Range;
  readonly latencyMs: Readonly<Record<Percentile, number>>;
  readonly certified: boolean;
  readonly memoryBytes: number;
  readonly sessionBytes: number;
  readonly energy: Energy;
  readonly accuracy: number | undefined;
  readonly watts: number | undefined;
  /** With single requests, where that was measured. */
  readonly server: ServerFigures | undefined;
  readonly trials: number;
}

/** Medians over the trials of one arm; the interval is empty, since medians of few trials have none. */
export function figuresOfTrials(
  trials: readonly [CompletedTrial, ...CompletedTrial[]],
): ArmFigures {
  const first = trials[0];
  const all = trials.map((trial) => trial.metrics);
  const middle = (read: (metrics: TrialMetrics) => number): number =>
    middleOf(all.map(read)) ?? Number.NaN;
  const qps = middle((metrics) => metrics.qps);
  return {
    armKey: first.armKey,
    config: first.config,
    qps: { value: qps, low: qps, high: qps },
    latencyMs: {
      p50: middle((metrics) => metrics.latencyMs.p50),
      p90: middle((metrics) => metrics.latencyMs.p90),
      p95: middle((metrics) => metrics.latencyMs.p95),
      p99: middle((metrics) => metrics.latencyMs.p99),
    },
    certified: all.every((metrics) => metrics.latencyMs.certified.p99 !== null),
    memoryBytes: middle((metrics) => metrics.memoryBytes),
    sessionBytes: middle((metrics) => metrics.sessionBytes),
    energy: energyOf(all),
    accuracy: middleOf(all.flatMap((metrics) => metrics.quality.accuracy?.value ?? [])),
    watts: wattsOf(energyOf(all)),
    server: undefined,
    trials: trials.length,
  };
}

/** The outcome's own figures. */
export function figuresOfMeasured({ armKey, config, metrics }: MeasuredArm): ArmFigures {
  return {
    armKey,
    config,
    qps: metrics.qps,
    latencyMs: metrics.latencyMs,
    certified: metrics.latencyMs.certified,
    memoryBytes: metrics.memoryBytes,
    sessionBytes: metrics.sessionBytes,
    energy: metrics.energyJPerInference,
    accuracy: metrics.quality.accuracy,
    watts: wattsOf(metrics.energyJPerInference),
    server: metrics.server,
    trials: metrics.trials,
  };
}

function energyOf(all: readonly TrialMetrics[]): Energy {
  const readings = all.map((metrics) => metrics.energyJPerInference);
  const measured = readings.flatMap((reading) => (reading.state === 'measured' ? [reading] : []));
  const value = middleOf(measured.map((reading) => reading.value));
  const [first] = measured;
  if (value !== undefined && first !== undefined) return { ...first, value };
  return readings[0] ?? { state: 'unavailable', reason: 'no trial' };
}

function middleOf(values: readonly number[]): number | undefined {
  const finite = values.filter((value) => Number.isFinite(value));
  return finite.length === 0 ? undefined : median(finite);
}
