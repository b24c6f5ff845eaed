import type { QualityFloor } from '../engine/artifacts/quantization/quality.ts';
import { prepareWorkload } from '../suites/prepare-workload.ts';
import type { WorkloadRecord } from '../suites/workload-record.ts';
import type { Goal } from '../tuner/objective.ts';
import type { RunRecord } from '../tuner/run-record.ts';
import type { Store } from '../tuner/store/store.ts';
import { machine, probeOn, thisHost, variantSettings, versions } from './measuring.ts';
import type { Progress } from './progress.ts';
import { madeChoices, wantedArtifacts } from './run-choices.ts';
import { runName } from './run-name.ts';
import { spaceOf, tooLargeText } from './run-space.ts';
import { storePaths } from './store-folder.ts';
import type { TuneOptions, TunePlan } from './tune-plan.ts';

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
  const record = recordOf(plan, await preparedWorkload(plan, around), around);
  await store.saveRun(record);
  return record;
}

function recordOf(plan: TunePlan, workload: WorkloadRecord, around: Surroundings): RunRecord {
  const run = {
    workload,
    knobs: listsOf(madeChoices(plan, workload)),
    exclude: plan.exclude.map(listsOf),
    constraints: plan.constraints,
    host: thisHost(),
  };
  const space = spaceOf(run);
  if (space.tooLarge > 0) around.progress.step(tooLargeText(space.tooLarge, plan.constraints));
  const createdAt = machine.clock.date().toISOString();
  return {
    schema: 'openclaw.run/1',
    id: runName(createdAt, workload.model.name),
    createdAt,
    state: 'running',
    ...run,
    armCount: space.arms.length,
    tooLarge: space.tooLarge,
    ...askedFor(plan, around.options),
    versions: versions(),
    spentMs: 0,
    outcome: null,
    explanation: null,
  };
}

function preparedWorkload(plan: TunePlan, around: Surroundings): Promise<WorkloadRecord> {
  return prepareWorkload({
    target: plan.target,
    dataPath: around.options.data ?? null,
    dims: plan.dims,
    seed: plan.seed,
    cacheFolder: storePaths(around.options.store).cache,
    signal: around.signal,
    onProgress: (message) => around.progress.step(message),
    needsLabels: plan.constraints.some((constraint) => constraint.kind === 'accuracy'),
    ...wantedArtifacts(plan),
    floors: accuracyFloors(plan.constraints),
    ...variantSettings(),
    probe: probeOn(around.signal),
  });
}

/** A variant that could not meet the run's own floor need not be tried. */
function accuracyFloors(constraints: RunRecord['constraints']): QualityFloor[] {
  return constraints.flatMap((one) =>
    one.kind === 'accuracy' ? [{ kind: 'accuracy' as const, value: one.floor }] : [],
  );
}

/** A record owns its lists. */
function listsOf<T>(values: Readonly<Record<string, readonly T[]>>): Record<string, T[]> {
  return Object.fromEntries(Object.entries(values).map(([name, list]) => [name, [...list]]));
}

type Asked =
  'latencyBoundFrom' | 'spaceOptions' | 'meters' | 'budget' | 'trialMs' | 'searcher' | 'seed';

/** What the run is to do, as its record keeps it. */
function askedFor(plan: TunePlan, options: TuneOptions): Goal & Pick<RunRecord, Asked> {
  return {
    latencyBoundFrom: plan.latencyBoundFrom,
    spaceOptions: typedSpace(options),
    ...plan.goal,
    meters: options.meter,
    budget: plan.budget,
    trialMs: plan.trialMs,
    searcher: plan.searcher,
    seed: plan.seed,
  };
}

function typedSpace({ set, only, space }: TuneOptions): string[] {
  return [
    ...set.flatMap((text) => ['--set', text]),
    ...only.flatMap((text) => ['--only', text]),
    ...(space === undefined ? [] : ['--space', space]),
  ];
}
