import { artifactOf, type WorkloadRecord } from '../suites/workload-record.ts';
import type { Arm } from '../tuner/arm.ts';
import type { NightSide } from '../tuner/nightly/night-record.ts';
import type { FixedConfig } from '../tuner/nightly/nightly-plan.ts';
import { resolveConfig } from './bench-config.ts';
import { benchOptionsSchema, planBench, type BenchPlan } from './bench-plan.ts';
import { prepareConfigs, type MeasuringSurroundings } from './prepare-configs.ts';

/** The control or the candidate of a job, ready to run. */
export interface PreparedSide {
  readonly workload: WorkloadRecord;
  readonly arm: Arm;
  readonly record: NightSide;
}

/** Prepares what a configuration runs. Throws UserError where a file is missing or wrong. */
export async function prepareSide(
  given: FixedConfig,
  options: {
    readonly seed: number;
    readonly needsLabels: boolean;
    /** Every request fills its batch, so that a delay for more is never waited for. */
    readonly fullBatches: boolean;
  },
  around: MeasuringSurroundings,
): Promise<PreparedSide> {
  const plan = await planSide(given, { seed: options.seed, store: around.store });
  const workload = await prepareConfigs(plan, around, options);
  const arm = resolveConfig(plan.config, workload, options);
  const record: NightSide = {
    target: plan.target,
    modelSha256: workload.model.sha256,
    artifactSha256: artifactOf(workload, arm.config).sha256,
    armKey: arm.key,
    tuned: given.kind === 'tuned' ? given.path : null,
  };
  return { workload, arm, record };
}

/** The same options that `claw bench` would be given, so that the same rules hold. */
function planSide(
  given: FixedConfig,
  { seed, store }: { readonly seed: number; readonly store: string },
): Promise<BenchPlan> {
  const common = { store, seed: String(seed), scenario: 'closed-loop' };
  if (given.kind === 'tuned') {
    const options = benchOptionsSchema.parse({ ...common, config: given.path });
    return planBench(undefined, options, new Set(['config']));
  }
  const { target, dataPath, dims } = given.workload;
  const dim = Object.entries(dims).map(([name, size]) => `${name}=${size}`);
  const options = benchOptionsSchema.parse({
    ...common,
    config: given.config,
    dim,
    ...(dataPath !== null && { data: dataPath }),
  });
  return planBench(target, options, new Set(['config']));
}
