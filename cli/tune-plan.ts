import { z } from 'zod';
import { UsageError } from '../engine/base/errors.ts';
import { parseDurationMs } from '../engine/base/units.ts';
import { defaultEngineConfig } from '../engine/runtime/engine-config.ts';
import { findSuite, SUITES } from '../suites/registry.ts';
import {
  restrictChoices,
  type Choices,
  type Exclusion,
  type Restrictions,
} from '../tuner/choices.ts';
import { needsPower, type Goal } from '../tuner/objective.ts';
import type { RunRecord } from '../tuner/run-record.ts';
import { readSpaceFile } from '../tuner/space-file.ts';
import { goalOptionsSchema, parseGoal } from './goal-options.ts';
import { thisHost } from './measuring.ts';
import {
  constraintOptionsSchema,
  parseBudgetMs,
  parseConstraints,
  parseCount,
  parseDims,
  storeOptionsSchema,
  workloadOptionsSchema,
} from './option-values.ts';
import { checkOneBudget, parseSearcher } from './search-options.ts';

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
  readonly latencyBoundFrom: RunRecord['latencyBoundFrom'];
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
  const suite = findSuite(name);
  const constraints = parseConstraints(options, suite?.defaultSlo ?? null);
  refuseIdleDelay(asked, constraints);
  return {
    target: name,
    dims: parseDims(options.dim),
    seed: parseCount(options.seed, '--seed', 0),
    constraints,
    latencyBoundFrom: suite === undefined || options.slo.length > 0 ? 'user' : 'suite',
    goal: parseGoal(options),
    trialMs: parseDurationMs(options.duration, '--duration'),
    budget: parseRunBudget(options),
    searcher: parseSearcher(options.searcher),
    restrictions,
    exclude: file?.exclude ?? [],
  };
}

function parseRunBudget({ trials, budget }: TuneOptions): RunRecord['budget'] {
  return trials === undefined
    ? { timeMs: parseBudgetMs(budget), trials: null }
    : { timeMs: null, trials: parseCount(trials, '--trials', 1) };
}

/** The search sends full batches; only single requests, driven where latency is bounded, wait. */
function refuseIdleDelay(asked: Choices, constraints: RunRecord['constraints']): void {
  const delays = asked['batch.maxDelayMs'] ?? [];
  if (delays.every((ms) => ms === 0) || constraints.some(({ kind }) => kind === 'latency')) return;
  throw new UsageError('batch.maxDelayMs has no effect on full batches', {
    remedy: "add a bound, such as --slo 'p99<20ms': then single requests are measured too",
  });
}

/** Whether a run cannot be judged without a sensor of power. */
export function mustMeasurePower(goal: Goal, constraints: RunRecord['constraints']): boolean {
  return needsPower(goal) || constraints.some(({ kind }) => kind === 'power');
}
