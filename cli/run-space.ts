import type { EngineConfig } from '../engine/runtime/engine-config.ts';
import type { WorkloadRecord } from '../suites/workload-record.ts';
import type { RunRecord } from '../tuner/run-record.ts';
import { createSpace, type Space } from '../tuner/space.ts';

/** The arms of a run: the same for the same record, also when it is resumed. */
export function spaceOf(
  run: Pick<RunRecord, 'host' | 'workload' | 'knobs' | 'exclude' | 'constraints'>,
): Space {
  const { host, workload, constraints } = run;
  const limits = constraints.flatMap((one) => (one.kind === 'memory' ? [one.limitBytes] : []));
  const limit = Math.min(Infinity, ...limits);
  return createSpace(run.knobs, {
    usableCores: host.usableCores,
    batch: workload.batch,
    exclude: run.exclude,
    fits: (config) => leastBytes(config, workload) < limit,
  });
}

/** Every replica holds the weights: what an arm takes at the least, whatever it computes. */
function leastBytes({ replicas, precision }: EngineConfig, workload: WorkloadRecord): number {
  const variant = workload.artifacts.find((one) => one.precision === precision)?.variant ?? null;
  return replicas * (variant?.sizeBytesAfter ?? workload.model.sizeBytes);
}
