import { isDeepStrictEqual } from 'node:util';
import type { EngineConfig } from '../../engine/runtime/engine-config.ts';
import type { TrialRecord } from '../../suites/trial-record.ts';
import type { Percentile } from '../run-record.ts';

/** Latency of one configuration under arrivals at one mean rate, from the scheduled time. */
export interface LoadPoint {
  /** Queries a second. */
  readonly ratePerSecond: number;
  readonly latencyMs: Readonly<Record<Percentile, number>>;
  /** Queries that were not answered in time: the rate was too high. */
  readonly unanswered: number;
}

/** The rates at which a configuration was tried in the scenario `server`, ascending. */
export function loadCurve(
  trials: readonly TrialRecord[],
  { armKey, config }: { readonly armKey: string; readonly config: EngineConfig },
): LoadPoint[] {
  const points = trials.flatMap((trial) => {
    if (trial.state !== 'completed' || trial.scenario.name !== 'server') return [];
    if (trial.armKey !== armKey && !isDeepStrictEqual(trial.config, config)) return [];
    const { p50, p90, p95, p99 } = trial.metrics.latencyMs;
    const { ratePerSecond } = trial.scenario;
    const { unanswered } = trial.metrics;
    return [{ ratePerSecond, latencyMs: { p50, p90, p95, p99 }, unanswered }];
  });
  return points.sort((a, b) => a.ratePerSecond - b.ratePerSecond);
}
