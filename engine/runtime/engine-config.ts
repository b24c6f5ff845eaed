import { z } from 'zod';

export const PRECISIONS = ['fp32', 'fp16', 'int8-static', 'int8-dynamic', 'int4-weights'] as const;
export const PASS_PIPELINES = ['none', 'clean', 'all'] as const;
export const GRAPH_LEVELS = ['disabled', 'basic', 'extended', 'layout', 'all'] as const;
const ISOLATIONS = ['inline', 'thread', 'process'] as const;

/**
 * Everything about how a model is run: an *arm* of the search. Two configs that
 * mean the same are one arm (see `tuner/space`).
 */
export const engineConfigSchema = z.strictObject({
  precision: z.enum(PRECISIONS),
  /** Our own graph passes, applied before the runtime sees the model. */
  passes: z.enum(PASS_PIPELINES),
  /** The runtime's graph optimization level. */
  graphLevel: z.enum(GRAPH_LEVELS),
  /** Execution provider: `cpu`. */
  provider: z.string().min(1),
  /** Sessions that answer requests at the same time. */
  replicas: z.int().min(1).max(1024),
  /** Where a replica lives: the caller's thread, a worker thread, a child process. */
  isolation: z.enum(ISOLATIONS),
  /** Threads that one replica uses inside an operator. */
  intraOpThreads: z.int().min(1).max(1024),
  /** Whether idle intra-op threads spin (lower latency, more power) or sleep. */
  spinning: z.boolean(),
  /** Intra-op thread affinities in the runtime's own syntax, or null. */
  affinity: z.string().min(1).nullable(),
  batch: z.strictObject({
    /** Samples in one request to a session. */
    maxSize: z.int().min(1).max(65536),
    /** How long the batcher may wait to fill a batch, in milliseconds. */
    maxDelayMs: z.number().min(0),
  }),
  /** The runtime's CPU memory arena. */
  arena: z.boolean(),
  /** The runtime's memory pattern optimization. */
  memPattern: z.boolean(),
  /** Further session entries, from the table of known ones. */
  sessionEntries: z.record(z.string(), z.string()),
});

export type EngineConfig = Readonly<z.infer<typeof engineConfigSchema>>;
export type GraphLevel = EngineConfig['graphLevel'];

/**
 * What a user gets who sets nothing: one inline replica with as many threads
 * as usable cores, the runtime's own defaults, one sample a request.
 */
export function defaultEngineConfig(usableCores: number): EngineConfig {
  return {
    precision: 'fp32',
    passes: 'none',
    graphLevel: 'all',
    provider: 'cpu',
    replicas: 1,
    isolation: 'inline',
    intraOpThreads: usableCores,
    spinning: true,
    affinity: null,
    batch: { maxSize: 1, maxDelayMs: 0 },
    arena: true,
    memPattern: true,
    sessionEntries: {},
  };
}
