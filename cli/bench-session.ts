import type { ComparisonRecord } from '../suites/bench-record.ts';
import { compareTrials } from '../suites/comparison/compare-trials.ts';
import { untilUndisturbed } from '../suites/repeat-trial.ts';
import type { Scenario } from '../suites/scenarios/scenario.ts';
import { benchProtocol, certifyingProtocol } from '../suites/trial/trial-spec.ts';
import { judged, primaryMetric, withMargin } from './bench-judgement.ts';
import { measurePeak } from './bench-peak.ts';
import type { BenchPlan } from './bench-plan.ts';
import { hostNoise } from './host-noise.ts';
import { openBench, type OpenBench } from './open-bench.ts';
import type { MeasuringSurroundings } from './prepare-configs.ts';
import { QUIET_WAIT_MS, type MeasuredBench } from './trial-series.ts';

/** Measures what a plan says, from preparing the workload to the record. */
export async function measureBench(
  plan: BenchPlan,
  around: MeasuringSurroundings,
): Promise<MeasuredBench> {
  const bench = await openBench(plan, around);
  const { workload, series } = bench;
  if (plan.load.kind === 'peak') {
    const peak = await measurePeak(bench, plan.load.bound);
    return series.finish(workload, { comparison: null, peak });
  }
  const { scenario } = plan.load;
  if (plan.against !== null) {
    const comparison = await measureAgainst(bench, scenario);
    return series.finish(workload, { comparison, peak: null });
  }
  await measureAlone(bench, scenario);
  return series.finish(workload, { comparison: null, peak: null });
}

/** One trial that counts, where the machine allows one. */
async function measureAlone(bench: OpenBench, scenario: Scenario): Promise<void> {
  const { plan, around, workload, arm, series } = bench;
  around.progress.step('measuring');
  await untilUndisturbed(() =>
    series.measure({
      workload,
      arm,
      scenario,
      protocol: benchProtocol(plan.durationMs, scenario),
      seed: plan.seed,
      purpose: { kind: 'bench' },
      quietWaitMs: QUIET_WAIT_MS.alone,
      evaluationCount: workload.evaluationCount,
    }),
  );
}

async function measureAgainst(bench: OpenBench, scenario: Scenario): Promise<ComparisonRecord> {
  const { plan, around, workload, arm, series } = bench;
  const against = bench.against ?? arm;
  const { store, signal, progress } = around;
  const noise = await hostNoise({ store, signal, onProgress: (text) => progress.step(text) });
  const primary = [withMargin(primaryMetric(scenario), noise)];
  const protocol = certifyingProtocol(plan.durationMs, scenario);
  progress.step('measuring block 1 of 6 at least');
  const comparison = await compareTrials({
    primary,
    seed: plan.seed,
    measure: (trial) =>
      series.measure({
        workload,
        arm: trial.side === 'a' ? against : arm,
        scenario,
        protocol,
        // Both sides of a block get the same arrivals and samples.
        seed: plan.seed + trial.block,
        purpose: { kind: 'compare', ...trial },
        quietWaitMs: QUIET_WAIT_MS.paired,
        evaluationCount: 0,
      }),
    onBlock: (done, next) => {
      if (next.kind === 'more') progress.step(`measured block ${done}, next look at ${next.until}`);
    },
  });
  return judged(comparison, { primary, noise });
}
