import { prepareWorkload } from '../suites/prepare-workload.ts';
import type { WorkloadRecord } from '../suites/workload-record.ts';
import { neededPipelines, neededPrecisions, withTunedArtifacts } from './bench-config.ts';
import type { BenchPlan } from './bench-plan.ts';
import { probeOn, variantSettings } from './measuring.ts';
import type { Progress } from './progress.ts';
import { storePaths } from './store-folder.ts';

/** What a command that measures configurations carries along. */
export interface MeasuringSurroundings {
  readonly store: string;
  /** Addresses of power meters. */
  readonly meters: readonly string[];
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/** Prepares a workload with all that its configurations run. Throws UserError where a file is wrong. */
export async function prepareConfigs(
  plan: BenchPlan,
  around: MeasuringSurroundings,
  { needsLabels }: { readonly needsLabels: boolean },
): Promise<WorkloadRecord> {
  const { store, signal, progress } = around;
  const { target, dataPath, dims, seed } = plan;
  const sources = [plan.config, plan.against];
  const prepared = await prepareWorkload({
    target,
    dataPath,
    dims,
    seed,
    cacheFolder: storePaths(store).cache,
    signal,
    onProgress: (message) => progress.step(message),
    needsLabels,
    pipelines: neededPipelines(sources),
    precisions: neededPrecisions(sources),
    floors: [],
    ...variantSettings(),
    probe: probeOn(signal),
  });
  return withTunedArtifacts(prepared, sources);
}
