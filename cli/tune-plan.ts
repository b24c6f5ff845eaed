import { z } from 'zod';
import type { QualityFloor } from '../engine/artifacts/quantization/quality.ts';
import { UsageError } from '../engine/base/errors.ts';
import { parseDurationMs } from '../engine/base/units.ts';
import { prepareWorkload } from '../suites/prepare-workload.ts';
import { findSuite, SUITES } from '../suites/registry.ts';
import type { WorkloadRecord } from '../suites/workload-record.ts';
import type { RunRecord } from '../tuner/run-record.ts';
import { halvingSearcher } from '../tuner/search/halving-searcher.ts';
import { defaultSpace, knobRecord, type Space } from '../tuner/space.ts';
import type { Store } from '../tuner/store/store.ts';
import { machine, probeOn, thisHost, variantSettings, versions } from './measuring.ts';
import {
  constraintOptionsSchema,
  parseBudgetMs,
  parseConstraints,
  parseCount,
  parseDims,
  storeOptionsSchema,
  workloadOptionsSchema,
} from './option-values.ts';
import type { Progress } from './progress.ts';
import { runName } from './run-name.ts';
import { storePaths } from './store-folder.ts';

export const tuneOptionsSchema = storeOptionsSchema
  .extend(workloadOptionsSchema.shape)
  .extend(constraintOptionsSchema.shape)
  .extend({
    budget: z.string(),
    duration: z.string(),
    trials: z.string().optional(),
    resume: z.union([z.string(), z.literal(true)]).optional(),
  });
export type TuneOptions = z.infer<typeof tuneOptionsSchema>;

/** What a new run is to do. */
export interface TunePlan {
  readonly target: string;
  readonly dims: Readonly<Record<string, number>>;
  readonly seed: number;
  readonly constraints: RunRecord['constraints'];
  readonly budget: RunRecord['budget'];
  readonly trialMs: number;
}

/** Everything that can be wrong with the options is found before the first side effect. */
export function planRun(
  target: string | undefined,
  options: TuneOptions,
  given: ReadonlySet<string>,
): TunePlan {
  const name = target ?? SUITES[0].name;
  if (given.has('trials') && given.has('budget')) {
    throw new UsageError('--trials and --budget exclude each other', {
      remedy: 'give one of them',
    });
  }
  return {
    target: name,
    dims: parseDims(options.dim),
    seed: parseCount(options.seed, '--seed', 0),
    constraints: parseConstraints(options, findSuite(name)?.defaultSlo ?? null),
    trialMs: parseDurationMs(options.duration, '--duration'),
    budget:
      options.trials === undefined
        ? { timeMs: parseBudgetMs(options.budget), trials: null }
        : { timeMs: null, trials: parseCount(options.trials, '--trials', 1) },
  };
}

/** What a command carries along. */
export interface Surroundings {
  readonly options: TuneOptions;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Prepares the workload and stores the new run, before its first trial. */
export async function newRun(
  plan: TunePlan,
  store: Store,
  around: Surroundings,
): Promise<RunRecord> {
  const workload = await prepareWorkload({
    target: plan.target,
    dataPath: around.options.data ?? null,
    dims: plan.dims,
    seed: plan.seed,
    cacheFolder: storePaths(around.options.store).cache,
    signal: around.signal,
    onProgress: (message) => around.progress.step(message),
    needsLabels: plan.constraints.some((constraint) => constraint.kind === 'accuracy'),
    pipelines: ['clean', 'all'],
    precisions: ['int8-static', 'int8-dynamic', 'int4-weights'],
    floors: accuracyFloors(plan.constraints),
    ...variantSettings(),
    probe: probeOn(around.signal),
  });
  const host = thisHost();
  const space = spaceOf(host, workload);
  const createdAt = machine.clock.date().toISOString();
  const run: RunRecord = {
    schema: 'openclaw.run/1',
    id: runName(createdAt, workload.model.name),
    createdAt,
    state: 'running',
    workload,
    knobs: knobRecord(space.choices),
    armCount: space.arms.length,
    objective: 'qps',
    constraints: plan.constraints,
    budget: plan.budget,
    trialMs: plan.trialMs,
    searcher: halvingSearcher.name,
    seed: plan.seed,
    host,
    versions: versions(),
    spentMs: 0,
    outcome: null,
  };
  await store.saveRun(run);
  return run;
}

/** A variant that could not meet the run's own floor need not be tried. */
function accuracyFloors(constraints: RunRecord['constraints']): QualityFloor[] {
  return constraints.flatMap((one) =>
    one.kind === 'accuracy' ? [{ kind: 'accuracy' as const, value: one.floor }] : [],
  );
}

/** The arms of a run: the same for the same host and workload, also when resumed. */
export function spaceOf(host: RunRecord['host'], workload: WorkloadRecord): Space {
  const { batch, artifacts } = workload;
  const fp32 = artifacts.filter((artifact) => artifact.precision === 'fp32');
  return defaultSpace(host.usableCores, {
    batch,
    passes: fp32.map((artifact) => artifact.passes),
    precisions: [...new Set(artifacts.map((artifact) => artifact.precision))],
  });
}
