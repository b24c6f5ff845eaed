import {
  defaultEngineConfig,
  GRAPH_LEVELS,
  type EngineConfig,
  type GraphLevel,
} from '../engine/runtime/engine-config.ts';
import { armValues, describeKnobs } from './search-knobs.ts';
import type { SearchArm, SearchSpace } from './search/searcher.ts';

/** A configuration that the search may try, with the key that identifies it. */
export interface Arm extends SearchArm {
  readonly config: EngineConfig;
}

/** Values that the search chooses between, one list a knob. */
export interface Knobs {
  readonly precision: readonly Precision[];
  readonly passes: readonly Passes[];
  readonly graphLevel: readonly GraphLevel[];
  readonly replicas: readonly number[];
  readonly intraOpThreads: readonly number[];
  readonly spinning: readonly boolean[];
  readonly batchSize: readonly number[];
  readonly arena: readonly boolean[];
  readonly memPattern: readonly boolean[];
}

type Passes = EngineConfig['passes'];
type Precision = EngineConfig['precision'];

export interface Space extends SearchSpace {
  /** What the arms were made from. */
  readonly choices: Knobs;
  /** The arm of a user who sets nothing; always among `arms`. */
  readonly defaultArm: Arm;
  /** Every distinct arm, the default first. */
  readonly arms: readonly Arm[];
}

const MAX_BATCH = 32;
/** `layout` differs from `all` by nothing that pays on a CPU: left to whoever asks for it. */
const SEARCHED_LEVELS: readonly GraphLevel[] = GRAPH_LEVELS.filter((level) => level !== 'layout');

/**
 * The default space for a host and a model: passes, graph level, replicas x threads
 * within the usable cores, spinning, batch, arena, memory pattern.
 * `batch` is `free`, or the size that the model or the user fixes.
 */
export function defaultSpace(
  usableCores: number,
  model: {
    readonly batch: 'free' | number;
    readonly passes: readonly Passes[];
    /** Variants are made from the cleaned graph: with them, the passes are `clean`. */
    readonly precisions?: readonly Precision[];
  },
): Space {
  const { batch, passes, precisions = ['fp32'] } = model;
  const counts = powersOfTwo(usableCores);
  return createSpace(
    {
      precision: precisions,
      passes,
      graphLevel: SEARCHED_LEVELS,
      replicas: counts,
      intraOpThreads: counts,
      spinning: [true, false],
      batchSize: batch === 'free' ? powersOfTwo(MAX_BATCH) : [batch],
      arena: [true, false],
      memPattern: [true, false],
    },
    { usableCores, batch },
  );
}

/** Every combination of the knobs that fits the host, arms that mean the same merged. */
function createSpace(
  knobs: Knobs,
  limits: { readonly usableCores: number; readonly batch: 'free' | number },
): Space {
  const base = defaultEngineConfig(limits.usableCores);
  const defaultArm = toArm(limits.batch === 'free' ? base : withBatch(base, limits.batch));
  const arms = new Map<string, Arm>([[defaultArm.key, defaultArm]]);
  for (const config of combinations(knobs, base)) {
    if (config.replicas * config.intraOpThreads > limits.usableCores) continue;
    const arm = toArm(config);
    arms.set(arm.key, arm);
  }
  const all = [...arms.values()];
  return { choices: knobs, knobs: describeKnobs(all), defaultArm, arms: all };
}

function* combinations(knobs: Knobs, base: EngineConfig): Generator<EngineConfig> {
  const fields = [
    madeModels(knobs),
    knobs.graphLevel.map((graphLevel) => ({ graphLevel })),
    knobs.replicas.map((replicas) => ({ replicas })),
    knobs.intraOpThreads.map((intraOpThreads) => ({ intraOpThreads })),
    knobs.spinning.map((spinning) => ({ spinning })),
    knobs.batchSize.map((maxSize) => ({ batch: { ...base.batch, maxSize } })),
    knobs.arena.map((arena) => ({ arena })),
    knobs.memPattern.map((memPattern) => ({ memPattern })),
  ];
  yield* product(fields, base);
}

/** Precision and passes together say which file runs. */
function madeModels(knobs: Knobs): Pick<EngineConfig, 'precision' | 'passes'>[] {
  const fp32 = knobs.precision.includes('fp32')
    ? knobs.passes.map((passes) => ({ precision: 'fp32', passes }) as const)
    : [];
  const variants = knobs.precision
    .filter((precision) => precision !== 'fp32')
    .map((precision) => ({ precision, passes: 'clean' }) as const);
  return [...fp32, ...variants];
}

/** Every choice of one change from each list, applied to the config. */
function* product(
  lists: readonly (readonly Partial<EngineConfig>[])[],
  config: EngineConfig,
): Generator<EngineConfig> {
  const [first, ...rest] = lists;
  if (first === undefined) yield config;
  else for (const change of first) yield* product(rest, { ...config, ...change });
}

function withBatch(config: EngineConfig, maxSize: number): EngineConfig {
  return { ...config, batch: { ...config.batch, maxSize } };
}

/** The arm of a config: its canonical form and its key. */
export function toArm(config: EngineConfig): Arm {
  const canonical = canonicalConfig(config);
  return { key: armKey(canonical), config: canonical, values: armValues(canonical) };
}

/**
 * One form for configs that mean the same: variants are made from the cleaned graph,
 * a single intra-op thread has no pool
 * that could spin, and several replicas cannot share the caller's thread.
 */
export function canonicalConfig(config: EngineConfig): EngineConfig {
  return {
    ...config,
    passes: config.precision === 'fp32' ? config.passes : 'clean',
    spinning: config.spinning && config.intraOpThreads > 1,
    isolation: config.isolation === 'inline' && config.replicas > 1 ? 'thread' : config.isolation,
    sessionEntries: Object.fromEntries(
      Object.entries(config.sessionEntries).sort(([a], [b]) => (a < b ? -1 : 1)),
    ),
  };
}

/** A readable identity, equal for equal canonical configs. */
export function armKey(config: EngineConfig): string {
  const parts = [
    `${config.precision}/${config.passes}/${config.graphLevel}`,
    config.provider,
    `${config.replicas}x${config.intraOpThreads}`,
    config.isolation,
    config.spinning ? 'spin' : 'sleep',
    `batch ${config.batch.maxSize}${config.batch.maxDelayMs === 0 ? '' : `+${config.batch.maxDelayMs}ms`}`,
    config.arena ? 'arena' : 'no-arena',
    config.memPattern ? 'pattern' : 'no-pattern',
    ...(config.affinity === null ? [] : [`affinity ${config.affinity}`]),
    ...Object.entries(config.sessionEntries).map(([key, value]) => `${key}=${value}`),
  ];
  return parts.join(' ');
}

/** The knobs as a run records them. */
export function knobRecord(knobs: Knobs): Record<string, (string | number | boolean)[]> {
  return {
    precision: [...knobs.precision],
    passes: [...knobs.passes],
    graphLevel: [...knobs.graphLevel],
    replicas: [...knobs.replicas],
    intraOpThreads: [...knobs.intraOpThreads],
    spinning: [...knobs.spinning],
    'batch.maxSize': [...knobs.batchSize],
    arena: [...knobs.arena],
    memPattern: [...knobs.memPattern],
  };
}

/** 1, 2, 4, ... up to `limit`, and `limit` itself. */
export function powersOfTwo(limit: number): number[] {
  const powers: number[] = [];
  for (let power = 1; power < limit; power *= 2) powers.push(power);
  return [...powers, limit];
}
