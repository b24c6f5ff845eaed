import type { PeakRecord } from '../suites/bench-record.ts';
import { untilUndisturbed } from '../suites/repeat-trial.ts';
import { findPeak, type PeakProbe } from '../suites/scenarios/peak-search.ts';
import type { LatencyBound } from '../suites/scenarios/scenario.ts';
import { certifiesBound, type TrialRecord } from '../suites/trial-record.ts';
import { benchProtocol, trialProtocol } from '../suites/trial/trial-spec.ts';
import type { OpenBench } from './open-bench.ts';
import { QUIET_WAIT_MS } from './trial-series.ts';

/** Near saturation the generator is late every time: a rate is not worth a third attempt. */
const PROBE_ATTEMPTS = 2;

/** Searches the highest rate of single requests that keeps a bound on latency. */
export async function measurePeak(bench: OpenBench, bound: LatencyBound): Promise<PeakRecord> {
  const startRate = await measureStartRate(bench);
  if (startRate === null) {
    return { ratePerSecond: null, failedAt: null, complete: false, confirmedBy: null };
  }
  const found = await findPeak<PositionedProbe>({
    startRate,
    seed: bench.plan.seed,
    probe: (ratePerSecond, seed) => measureRate(bench, { ratePerSecond, seed, bound }),
  });
  return {
    ratePerSecond: found.best?.ratePerSecond ?? null,
    failedAt: found.failedAt,
    complete: found.complete,
    confirmedBy: found.best?.position ?? null,
  };
}

/** Half of what a closed loop of single samples reaches: below the peak of most. Null: it does not run. */
async function measureStartRate({
  plan,
  around,
  workload,
  arm,
  series,
}: OpenBench): Promise<number | null> {
  around.progress.step('measuring, to see where to begin');
  const trial = await untilUndisturbed(() =>
    series.measure({
      workload,
      arm,
      scenario: { name: 'single-stream' },
      protocol: trialProtocol(1000),
      seed: plan.seed,
      purpose: { kind: 'bench' },
      quietWaitMs: QUIET_WAIT_MS.paired,
      evaluationCount: 0,
    }),
  );
  const metrics = 'metrics' in trial ? trial.metrics : null;
  return metrics === null ? null : Math.max(1e-3, 500 / metrics.latencyMs.p50);
}

/** `position` is that of the probe's last trial among the trials. */
type PositionedProbe = PeakProbe & { readonly position: number };

async function measureRate(
  { plan, around, workload, arm, series }: OpenBench,
  probe: { readonly ratePerSecond: number; readonly seed: number; readonly bound: LatencyBound },
): Promise<PositionedProbe> {
  const { ratePerSecond, seed, bound } = probe;
  around.progress.step(`trying ${Number(ratePerSecond.toPrecision(3))} queries/s`);
  const scenario = { name: 'server', ratePerSecond, bound } as const;
  const measure = (): Promise<TrialRecord> =>
    series.measure({
      workload,
      arm,
      scenario,
      protocol: benchProtocol(plan.durationMs, scenario),
      seed,
      purpose: { kind: 'probe', ratePerSecond, seed },
      quietWaitMs: QUIET_WAIT_MS.paired,
      evaluationCount: 0,
    });
  const trial = await untilUndisturbed(measure, PROBE_ATTEMPTS);
  const position = series.trials.length - 1;
  return { ratePerSecond, seed, passes: certifiesBound(trial, bound), position };
}
