import { UsageError } from '../engine/base/errors.ts';
import {
  defaultEngineConfig,
  GRAPH_LEVELS,
  type EngineConfig,
  type GraphLevel,
} from '../engine/runtime/engine-config.ts';
import { boundThreads, toArm, withoutDelay, type Arm } from './arm.ts';
import type { Choices, Exclusion } from './choices.ts';
import { describeKnobs } from './search-knobs.ts';
import type { KnobValue, SearchArm, SearchSpace } from './search/searcher.ts';
import { withKnob } from './set-knobs.ts';

export interface Space extends SearchSpace {
  /** The arm of a user who sets nothing; always among `arms`. */
  readonly defaultArm: Arm;
  /** Every distinct arm, the default first. */
  readonly arms: readonly Arm[];
  /** Arms that were left out because they cannot fit the memory. */
  readonly tooLarge: number;
}

const MAX_BATCH = 32;
/** More would take the bandit longer to think about than to measure. */
const MAX_ARMS = 20_000;
/** `layout` differs from `all` by nothing that pays on a CPU: left to whoever asks for it. */
const SEARCHED_LEVELS: readonly GraphLevel[] = GRAPH_LEVELS.filter((level) => level !== 'layout');

export interface ModelChoices {
  /** `free`, or the size that the model or the user fixes. */
  readonly batch: 'free' | number;
  readonly passes: readonly EngineConfig['passes'][];
  /** Variants are made from the cleaned graph: with them, the passes are `clean`. */
  readonly precisions?: readonly EngineConfig['precision'][];
}

/**
 * The values that the default search chooses between, for a host and a model:
 * precision, passes, graph level, replicas x threads, spinning, batch, arena,
 * memory pattern. One replica is inline and several are threads: other isolation is
 * for whoever asks for it.
 */
export function defaultChoices(usableCores: number, model: ModelChoices): Choices {
  const { batch, passes, precisions = ['fp32'] } = model;
  const counts = powersOfTwo(usableCores);
  return {
    precision: precisions,
    passes,
    graphLevel: SEARCHED_LEVELS,
    replicas: counts,
    intraOpThreads: counts,
    spinning: [true, false],
    'batch.maxSize': batch === 'free' ? powersOfTwo(MAX_BATCH) : [batch],
    arena: [true, false],
    memPattern: [true, false],
  };
}

export interface SpaceLimits {
  readonly usableCores: number;
  readonly batch: 'free' | number;
  readonly exclude?: readonly Exclusion[];
  /** Whether an arm can fit the memory, as far as that is known before it runs; default: it can. */
  readonly fits?: (config: EngineConfig) => boolean;
}

/**
 * Every combination of the choices that fits the host, arms that mean the same
 * merged; the default arm is always there. The search sends full batches, so arms
 * have no delay: it is chosen later, for the winner. Throws UsageError for more than 20,000
 * arms, or for choices of which none fits the cores.
 */
export function createSpace(choices: Choices, limits: SpaceLimits): Space {
  const base = defaultEngineConfig(limits.usableCores);
  const defaultArm = toArm(limits.batch === 'free' ? base : withBatch(base, limits.batch));
  const arms = new Map<string, Arm>();
  for (const config of product(Object.entries(choices), base)) {
    if (config.replicas * config.intraOpThreads > limits.usableCores) continue;
    const arm = toArm(withoutDelay(config));
    if (!isIsolatedAsChosen(arm, choices) || !isBoundable(arm)) continue;
    if (!isExcluded(arm, limits.exclude ?? [])) arms.set(arm.key, arm);
    if (arms.size > MAX_ARMS) throw tooMany();
  }
  if (arms.size === 0) throw noneFits(limits.usableCores);
  const { fits = () => true } = limits;
  const fitting = [...arms.values()].filter(({ config }) => fits(config));
  const all = [defaultArm, ...fitting.filter(({ key }) => key !== defaultArm.key)];
  return { knobs: describeKnobs(all), defaultArm, arms: all, tooLarge: arms.size - fitting.length };
}

function tooMany(): UsageError {
  return new UsageError(`the space has more than ${MAX_ARMS.toLocaleString('en')} arms`, {
    remedy: 'give the knobs fewer values with --set, --only or a space file',
  });
}

function noneFits(cores: number): UsageError {
  return new UsageError('no configuration is left to try', {
    remedy: `replicas x intraOpThreads must fit ${cores} usable cores, only one replica can be inline, and the space file must not exclude everything`,
  });
}

/** The default space for a host and a model. */
export function defaultSpace(usableCores: number, model: ModelChoices): Space {
  const { batch } = model;
  return createSpace(defaultChoices(usableCores, model), { usableCores, batch });
}

/** Every choice of one value from each list, applied to the config. */
function* product(
  lists: readonly (readonly [string, readonly KnobValue[]])[],
  config: EngineConfig,
): Generator<EngineConfig> {
  const [first, ...rest] = lists;
  if (first === undefined) yield config;
  else for (const value of first[1]) yield* product(rest, withKnob(config, first[0], value));
}

/** Several replicas cannot be inline: where that is all that was asked for, they are left out. */
function isIsolatedAsChosen({ config }: Arm, { isolation }: Choices): boolean {
  return isolation === undefined || isolation.includes(config.isolation);
}

function isBoundable({ config: { affinity, intraOpThreads } }: Arm): boolean {
  return affinity === null || boundThreads(affinity) === intraOpThreads;
}

function isExcluded({ values }: SearchArm, exclude: readonly Exclusion[]): boolean {
  return exclude.some((one) =>
    Object.entries(one).every(([name, excluded]) => excluded.includes(values[name] ?? '')),
  );
}

function withBatch(config: EngineConfig, maxSize: number): EngineConfig {
  return { ...config, batch: { ...config.batch, maxSize } };
}

/** 1, 2, 4, ... up to `limit`, and `limit` itself. */
export function powersOfTwo(limit: number): number[] {
  const powers: number[] = [];
  for (let power = 1; power < limit; power *= 2) powers.push(power);
  return [...powers, limit];
}
