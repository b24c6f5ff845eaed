import { UsageError } from '../engine/base/errors.ts';
import {
  defaultEngineConfig,
  GRAPH_LEVELS,
  type GraphLevel,
} from '../engine/runtime/engine-config.ts';
import type { WorkloadRecord } from '../suites/workload-record.ts';
import { restrictChoices, type Choices } from '../tuner/choices.ts';
import { defaultChoices, type ModelChoices } from '../tuner/space.ts';
import { thisHost } from './measuring.ts';
import type { TunePlan } from './tune-plan.ts';

const VARIANTS = ['int8-static', 'int8-dynamic', 'int4-weights'] as const;
const PIPELINES = ['clean', 'all'] as const;
const PRECISIONS = ['fp16', ...VARIANTS] as const;

/** What must be made of the model before it is known which values its knobs can take. */
export function wantedArtifacts(plan: TunePlan): {
  readonly pipelines: (typeof PIPELINES)[number][];
  readonly precisions: (typeof PRECISIONS)[number][];
  readonly memoryLevels: readonly GraphLevel[];
} {
  const wanted = chosen(plan, {
    batch: 'free',
    passes: ['none', ...PIPELINES],
    precisions: ['fp32', ...VARIANTS],
  });
  return {
    pipelines: PIPELINES.filter((pipeline) => wanted['passes']?.includes(pipeline)),
    precisions: PRECISIONS.filter((one) => wanted['precision']?.includes(one)),
    memoryLevels: observedLevels(plan, wanted),
  };
}

/**
 * Where memory is bounded, every level that may be tried, so that arms can be left out;
 * else the default one, for the report.
 */
function observedLevels({ constraints }: TunePlan, wanted: Choices): readonly GraphLevel[] {
  const tried = GRAPH_LEVELS.filter((level) => wanted['graphLevel']?.includes(level));
  const isBounded = constraints.some(({ kind }) => kind === 'memory');
  const { graphLevel } = defaultEngineConfig(1);
  return isBounded ? tried : tried.filter((level) => level === graphLevel);
}

/** The choices among what could be made of the model. Throws UsageError on a batch it cannot take. */
export function madeChoices(plan: TunePlan, { artifacts, batch }: WorkloadRecord): Choices {
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

function chosen(plan: TunePlan, model: ModelChoices): Choices {
  const { usableCores } = thisHost();
  const base = defaultEngineConfig(usableCores);
  return restrictChoices(defaultChoices(usableCores, model), plan.restrictions, base);
}
