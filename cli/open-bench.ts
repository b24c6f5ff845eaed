import { sendsFullBatches } from '../suites/scenarios/scenario.ts';
import type { WorkloadRecord } from '../suites/workload-record.ts';
import type { Arm } from '../tuner/arm.ts';
import { resolveConfig } from './bench-config.ts';
import type { BenchPlan, ConfigSource } from './bench-plan.ts';
import { startingTemperature } from './measuring.ts';
import { powerSensors } from './power-sensors.ts';
import { prepareConfigs, type MeasuringSurroundings } from './prepare-configs.ts';
import { TrialSeries } from './trial-series.ts';

/** A bench that is ready to be measured. */
export interface OpenBench {
  readonly plan: BenchPlan;
  readonly around: MeasuringSurroundings;
  readonly workload: WorkloadRecord;
  readonly arm: Arm;
  /** What the arm is compared with; null: it is measured for itself. */
  readonly against: Arm | null;
  readonly series: TrialSeries;
}

/** Prepares all that a plan needs. Throws UserError before anything is measured. */
export async function openBench(
  plan: BenchPlan,
  around: MeasuringSurroundings,
): Promise<OpenBench> {
  const { meters, signal } = around;
  // First: the address of a meter may be wrong.
  const sensors = await powerSensors({ meters, isNeeded: false, signal });
  const workload = await prepareConfigs(plan, around, { needsLabels: false });
  const fullBatches = plan.load.kind === 'fixed' && sendsFullBatches(plan.load.scenario);
  const resolve = (source: ConfigSource): Arm => resolveConfig(source, workload, { fullBatches });
  const arm = resolve(plan.config);
  const against = plan.against === null ? null : resolve(plan.against);
  const conditions = { signal, sensors, ...startingTemperature() };
  const series = new TrialSeries(`bench-${workload.model.name}`, conditions);
  return { plan, around, workload, arm, against, series };
}
