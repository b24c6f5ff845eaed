import { z } from 'zod';
import type { QualityFloor } from '../engine/artifacts/quantization/quality.ts';
import { UsageError } from '../engine/base/errors.ts';
import { formatBytes, parseDurationMs } from '../engine/base/units.ts';
import { defaultEngineConfig, type EngineConfig } from '../engine/runtime/engine-config.ts';
import { prepareWorkload } from '../suites/prepare-workload.ts';
import { findSuite, SUITES } from '../suites/registry.ts';
import type { WorkloadRecord } from '../suites/workload-record.ts';
import {
  restrictChoices,
  type Choices,
  type Exclusion,
  type Restrictions,
} from '../tuner/choices.ts';
import { needsPower, type Goal } from '../tuner/objective.ts';
import type { RunRecord } from '../tuner/run-record.ts';
import { createSpace, defaultChoices, type ModelChoices, type Space } from '../tuner/space.ts';
import { readSpaceFile } from '../tuner/space-file.ts';
import type { Store } from '../tuner/store/store.ts';
import { goalOptionsSchema, parseGoal } from './goal-options.ts';
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
import { checkOneBudget, parseSearcher } from './search-options.ts';
import { storePaths } from './store-folder.ts';

export const tuneOptionsSchema = storeOptionsSchema
  .extend(workloadOptionsSchema.shape)
  .extend(constraintOptionsSchema.shape)
  .extend(goalOptionsSchema.shape)
  .extend({
    budget: z.string(),
    duration: z.string(),
    trials: z.string().optional(),
    resume: z.union([z.string(), z.literal(true)]).optional(),
    set: z.array(z.string()).default([]),
    only: z.array(z.string()).default([]),
    space: z.string().optional(),
    searcher: z.string(),
    meter: z.array(z.string()).default([]),
    record: z.string().optional(),
    explain: z.boolean().optional(),
  });
export type TuneOptions = z.infer<typeof tuneOptionsSchema>;

/** What a new run is to do. */
export interface TunePlan {
  readonly target: string;
  readonly dims: Readonly<Record<string, number>>;
  readonly seed: number;
  readonly constraints: RunRecord['constraints'];
  readonly goal: Goal;
  readonly budget: RunRecord['budget'];
  readonly trialMs: number;
  readonly searcher: string;
  readonly restrictions: Restrictions;
  readonly exclude: readonly Exclusion[];
}

/** Everything that can be wrong with the options is found before the first side effect. */
export async function planRun(
  target: string | undefined,
  options: TuneOptions,
  given: ReadonlySet<string>,
): Promise<TunePlan> {
  const name = target ?? SUITES[0].name;
  checkOneBudget({ trials: given.has('trials'), budget: given.has('budget') });
  const base = defaultEngineConfig(thisHost().usableCores);
  const { set, only, space } = options;
  const file = space === undefined ? null : await readSpaceFile(space, base);
  const restrictions = { set, only, file: file?.knobs ?? [] };
  // Tried on no choices at all: whether every value is one that its knob takes.
  const asked = restrictChoices({}, restrictions, base);
  const constraints = parseConstraints(options, findSuite(name)?.defaultSlo ?? null);
  refuseIdleDelay(asked, constraints);
  return {
    target: name,
    dims: parseDims(options.dim),
    seed: parseCount(options.seed, '--seed', 0),
    constraints,
    goal: parseGoal(options),
    trialMs: parseDurationMs(options.duration, '--duration'),
    budget:
      options.trials === undefined
        ? { timeMs: parseBudgetMs(options.budget), trials: null }
        : { timeMs: null, trials: parseCount(options.trials, '--trials', 1) },
    searcher: parseSearcher(options.searcher),
    restrictions,
    exclude: file?.exclude ?? [],
  };
}

/** The search sends full batches; only single requests, driven where latency is bounded, wait. */
function refuseIdleDelay(asked: Choices, constraints: RunRecord['constraints']): void {
  const delays = asked['batch.maxDelayMs'] ?? [];
  if (delays.every((ms) => ms === 0) || constraints.some(({ kind }) => kind === 'latency')) return;
  throw new UsageError('batch.maxDelayMs has no effect on full batches', {
    remedy: "add a bound, such as --slo 'p99<20ms': then single requests are measured too",
  });
}

/** What a command carries along. */
export interface Surroundings {
  readonly options: TuneOptions;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Whether a run cannot be judged without a sensor of power. */
export function mustMeasurePower(goal: Goal, constraints: RunRecord['constraints']): boolean {
  return needsPower(goal) || constraints.some(({ kind }) => kind === 'power');
}

const VARIANTS = ['int8-static', 'int8-dynamic', 'int4-weights'] as const;
const PIPELINES = ['clean', 'all'] as const;

/** Prepares the workload and stores the new run, before its first trial. */
export async function newRun(
  plan: TunePlan,
  store: Store,
  around: Surroundings,
): Promise<RunRecord> {
  const host = thisHost();
  const wanted = chosen(plan, {
    batch: 'free',
    passes: ['none', ...PIPELINES],
    precisions: ['fp32', ...VARIANTS],
  });
  const workload = await prepareWorkload({
    target: plan.target,
    dataPath: around.options.data ?? null,
    dims: plan.dims,
    seed: plan.seed,
    cacheFolder: storePaths(around.options.store).cache,
    signal: around.signal,
    onProgress: (message) => around.progress.step(message),
    needsLabels: plan.constraints.some((constraint) => constraint.kind === 'accuracy'),
    pipelines: PIPELINES.filter((pipeline) => wanted['passes']?.includes(pipeline)),
    precisions: (['fp16', ...VARIANTS] as const).filter((one) =>
      wanted['precision']?.includes(one),
    ),
    floors: accuracyFloors(plan.constraints),
    ...variantSettings(),
    probe: probeOn(around.signal),
  });
  const choices = madeChoices(plan, workload);
  const exclude = plan.exclude.map((one) =>
    Object.fromEntries(Object.entries(one).map(([name, values]) => [name, [...values]])),
  );
  const run = {
    workload,
    knobs: Object.fromEntries(Object.entries(choices).map(([name, values]) => [name, [...values]])),
    exclude,
    constraints: plan.constraints,
    host,
  };
  const space = spaceOf(run);
  if (space.tooLarge > 0) around.progress.step(tooLargeText(space.tooLarge, plan.constraints));
  const createdAt = machine.clock.date().toISOString();
  const record: RunRecord = {
    schema: 'openclaw.run/1',
    id: runName(createdAt, workload.model.name),
    createdAt,
    state: 'running',
    ...run,
    armCount: space.arms.length,
    tooLarge: space.tooLarge,
    spaceOptions: typedSpace(around.options),
    ...plan.goal,
    meters: around.options.meter,
    budget: plan.budget,
    trialMs: plan.trialMs,
    searcher: plan.searcher,
    seed: plan.seed,
    versions: versions(),
    spentMs: 0,
    outcome: null,
    explanation: null,
  };
  await store.saveRun(record);
  return record;
}

function typedSpace({ set, only, space }: TuneOptions): string[] {
  return [
    ...set.flatMap((text) => ['--set', text]),
    ...only.flatMap((text) => ['--only', text]),
    ...(space === undefined ? [] : ['--space', space]),
  ];
}

function tooLargeText(count: number, constraints: RunRecord['constraints']): string {
  const limit = constraints.find((one) => one.kind === 'memory')?.limitBytes ?? 0;
  return `${count} arms are not tried: their weights alone are more than ${formatBytes(limit)}`;
}

function chosen(plan: TunePlan, model: ModelChoices): Choices {
  const { usableCores } = thisHost();
  const base = defaultEngineConfig(usableCores);
  return restrictChoices(defaultChoices(usableCores, model), plan.restrictions, base);
}

/** The choices among what could be made of the model. */
function madeChoices(plan: TunePlan, { artifacts, batch }: WorkloadRecord): Choices {
  const fp32 = artifacts.filter((artifact) => artifact.precision === 'fp32');
  const passes = fp32.map((artifact) => artifact.passes);
  const precisions = [...new Set(artifacts.map((artifact) => artifact.precision))];
  const choices = chosen(plan, { batch, passes, precisions });
  const sizes = choices['batch.maxSize'] ?? [];
  if (batch !== 'free' && sizes.some((size) => size !== batch)) {
    throw new UsageError(`the model fixes the batch at ${batch}: batch.maxSize cannot be another`, {
      remedy: 'leave batch.maxSize out',
    });
  }
  const made = new Set<unknown>([...passes, ...precisions]);
  const onlyMade = (name: string): Choices => ({
    [name]: (choices[name] ?? []).filter((value) => made.has(value)),
  });
  return { ...choices, ...onlyMade('passes'), ...onlyMade('precision') };
}

/** A variant that could not meet the run's own floor need not be tried. */
function accuracyFloors(constraints: RunRecord['constraints']): QualityFloor[] {
  return constraints.flatMap((one) =>
    one.kind === 'accuracy' ? [{ kind: 'accuracy' as const, value: one.floor }] : [],
  );
}

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
