import type { ProbeTrial } from '../../suites/probe-workload.ts';
import type { TrialOutcome } from '../../suites/trial/run-trial.ts';
import { bareEnvironment, fakeMetrics } from './fake-trials.ts';

export type ProbeRequest = Parameters<ProbeTrial>[0];

/** A trial that completed with this median latency of a request. */
export function completedIn(p50Ms: number): TrialOutcome {
  const { metrics, latenciesMs } = fakeMetrics({ qps: 1000 / p50Ms });
  const latencyMs = { ...metrics.latencyMs, p50: p50Ms };
  return {
    state: 'completed',
    environment: bareEnvironment,
    metrics: { ...metrics, latencyMs },
    latenciesMs,
    warnings: [],
  };
}

/** A probe that answers with the outcomes in turn, the last one again and again, and keeps the requests. */
export function fakeProbe(...outcomes: readonly [TrialOutcome, ...TrialOutcome[]]): {
  readonly probe: ProbeTrial;
  readonly requests: readonly ProbeRequest[];
} {
  const requests: ProbeRequest[] = [];
  const probe: ProbeTrial = async (request) => {
    requests.push(request);
    return outcomes[Math.min(requests.length, outcomes.length) - 1] ?? outcomes[0];
  };
  return { probe, requests };
}
