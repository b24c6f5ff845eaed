import { defaultEngineConfig } from '../../engine/runtime/engine-config.ts';
import { compareEnvironments } from '../../hosts/profile/environment-change.ts';
import type { TrialMetrics } from '../../suites/trial-record.ts';
import type { Evidence } from '../../suites/trial/validity.ts';
import { bareEnvironment, fakeMetrics } from './fake-trials.ts';

type Figures = Partial<
  Pick<TrialMetrics, 'generatorLagMs' | 'cpuUtilisation' | 'runQueueWait' | 'unanswered'>
> & {
  /** Median latency, ms. */
  readonly p50?: number;
  readonly stability?: Partial<TrialMetrics['stability']>;
};

/**
 * What a trial of one busy thread is judged by when nothing happened, on a machine
 * that tells nothing, with these differences.
 */
export function trialEvidence({ p50 = 1, stability = {}, ...figures }: Figures = {}): Evidence {
  const { metrics } = fakeMetrics({ qps: 1000 });
  return {
    config: defaultEngineConfig(1),
    scenario: { name: 'closed-loop' },
    shape: { clients: 1, requestsPerQuery: 1, rowsPerRequest: 1 },
    usableCores: 2,
    metrics: {
      ...metrics,
      latencyMs: { ...metrics.latencyMs, p50 },
      stability: { ...metrics.stability, ...stability },
      ...figures,
    },
    queries: { count: 1000, wanted: 20 },
    measured: { ms: 1000, wantedMs: 1000 },
    gaveUp: false,
    change: compareEnvironments(bareEnvironment, bareEnvironment, 1000),
    after: bareEnvironment,
    lostProcesses: 0,
    clocks: { wallMs: 1000, monotonicMs: 1000 },
  };
}
