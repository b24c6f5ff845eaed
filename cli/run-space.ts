import {
  leastMeasured,
  predictReplicas,
  PREDICTION_TOLERANCE,
} from '../engine/graph/memory-plan/predict-session.ts';
import { formatBytes, formatPercent } from '../engine/base/units.ts';
import type { EngineConfig } from '../engine/runtime/engine-config.ts';
import { sessionFactsOf, type WorkloadRecord } from '../suites/workload-record.ts';
import type { RunRecord } from '../tuner/run-record.ts';
import { createSpace, type Space } from '../tuner/space.ts';

/** The arms of a run: the same for the same record, also when it is resumed. */
export function spaceOf(
  run: Pick<RunRecord, 'host' | 'workload' | 'knobs' | 'exclude' | 'constraints'>,
): Space {
  const { host, workload, constraints } = run;
  const limit = memoryLimit(constraints);
  return createSpace(run.knobs, {
    usableCores: host.usableCores,
    batch: workload.batch,
    exclude: run.exclude,
    fits: (config) => leastBytes(config, workload) < limit,
  });
}

/** Bytes that all of an engine's processes may take; Infinity without a bound. */
function memoryLimit(constraints: RunRecord['constraints']): number {
  const limits = constraints.flatMap((one) => (one.kind === 'memory' ? [one.limitBytes] : []));
  return Math.min(Infinity, ...limits);
}

/** Why arms of a run are left out before anything is measured. */
export function tooLargeText(count: number, constraints: RunRecord['constraints']): string {
  const { share, bytes } = PREDICTION_TOLERANCE;
  return `${count} arms are not tried: they are predicted to take more than ${formatBytes(memoryLimit(constraints))}, by more than the ${formatPercent(share)} or ${formatBytes(bytes)} that a prediction may be wrong`;
}

/**
 * What an arm takes at the least, however wrong its prediction may be; where its session
 * was not observed, the weights, which every replica holds.
 */
function leastBytes(config: EngineConfig, workload: WorkloadRecord): number {
  const weights = config.replicas * fileBytes(config, workload);
  const facts = observedFacts(config, workload);
  if (facts === undefined) return weights;
  const { replicas, isolation, arena, memPattern, batch } = config;
  const threads = isolation === 'thread';
  const settings = { replicas, threads, arena, memPattern, batch: batch.maxSize };
  const predicted = (workload.runtimeBytes ?? 0) + predictReplicas(facts, settings);
  return Math.max(weights, leastMeasured(predicted));
}

function fileBytes({ precision }: EngineConfig, workload: WorkloadRecord): number {
  const variant = workload.artifacts.find((one) => one.precision === precision)?.variant ?? null;
  return variant?.sizeBytesAfter ?? workload.model.sizeBytes;
}

/** Undefined also for a file that was not made, such as one with the same bytes as another. */
function observedFacts(
  config: EngineConfig,
  workload: WorkloadRecord,
): ReturnType<typeof sessionFactsOf> {
  const { precision, passes } = config;
  const isMade = workload.artifacts.some(
    (one) => one.precision === precision && one.passes === passes,
  );
  return isMade ? sessionFactsOf(workload, config) : undefined;
}
