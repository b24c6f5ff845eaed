import { z } from 'zod';
import { engineConfigSchema } from '../engine/runtime/engine-config.ts';

/**
 * The record of one trial: a config measured once, in a fresh process. Written
 * once, never changed. Milliseconds, bytes, samples per second throughout.
 */

const latencySchema = z.strictObject({
  /** Requests that the figures come from. */
  count: z.int(),
  mean: z.number(),
  sd: z.number(),
  /** Unscaled median absolute deviation. */
  mad: z.number(),
  p50: z.number(),
  p90: z.number(),
  p95: z.number(),
  p99: z.number(),
  p999: z.number(),
  max: z.number(),
  /** Whether the percentiles hold with confidence; raw order statistics are false. */
  certified: z.boolean(),
});

const energySchema = z.discriminatedUnion('state', [
  z.strictObject({ state: z.literal('unavailable'), reason: z.string() }),
  z.strictObject({ state: z.literal('measured'), value: z.number(), source: z.string() }),
]);

const qualitySchema = z.strictObject({
  /** Share of labelled samples whose arg-max over the first output is the label. */
  accuracy: z.strictObject({ value: z.number(), correct: z.int(), count: z.int() }).optional(),
});

const coldSchema = z.strictObject({
  /** From spawning the process to its first line of our code. */
  spawnMs: z.number(),
  /** Loading the runtime's library. */
  importMs: z.number(),
  /** Creating every session. */
  createMs: z.number(),
  firstInferenceMs: z.number(),
});

const memorySchema = z.strictObject({
  /** Peak resident bytes once the runtime is loaded, before any session. */
  runtimeBytes: z.number(),
  /** Peak once every session exists. */
  createdBytes: z.number(),
  /** Peak over the whole trial. */
  peakBytes: z.number(),
});

export const trialMetricsSchema = z.strictObject({
  /** Samples per second, all clients together. */
  qps: z.number(),
  /** Per request of `batch.maxSize` samples. */
  latencyMs: latencySchema,
  samples: z.int(),
  elapsedMs: z.number(),
  /** CPU seconds of the process per second of measuring. */
  cpuUtilisation: z.number(),
  warmupRequests: z.int(),
  warmupMs: z.number(),
  /** Peak resident memory of all engine processes, runtime included. */
  memoryBytes: z.number(),
  /** `memoryBytes` less the runtime-only baseline. */
  sessionBytes: z.number(),
  memory: memorySchema,
  cold: coldSchema,
  energyJPerInference: energySchema,
  quality: qualitySchema,
});

export const trialWarningSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('no-steady-state'),
    /** Range of the last window medians over their median; null with too few windows. */
    span: z.number().nullable(),
    windows: z.int(),
  }),
  z.strictObject({ kind: z.literal('few-requests'), count: z.int(), wanted: z.int() }),
  z.strictObject({ kind: z.literal('drift'), ratio: z.number() }),
]);

const common = {
  schema: z.literal('openclaw.trial/1'),
  id: z.string(),
  runId: z.string(),
  /** Position in the run, from 0. */
  sequence: z.int(),
  purpose: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('search') }),
    /** One half of an AB/BA pair of the final verification. */
    z.strictObject({
      kind: z.literal('verify'),
      pair: z.int(),
      role: z.enum(['default', 'candidate']),
      /** Key of the arm that the pair compares with the default. */
      candidate: z.string(),
    }),
  ]),
  armKey: z.string(),
  config: engineConfigSchema,
  startedAt: z.string(),
  /** Wall time that the trial cost, process start and end included. */
  costMs: z.number(),
  hostKey: z.string(),
  versions: z.strictObject({
    openclaw: z.string(),
    node: z.string(),
    onnxruntime: z.string(),
  }),
  warnings: z.array(trialWarningSchema),
};

export const trialRecordSchema = z.discriminatedUnion('state', [
  z.strictObject({ ...common, state: z.literal('completed'), metrics: trialMetricsSchema }),
  z.strictObject({ ...common, state: z.literal('invalid'), reasons: z.array(z.string()).min(1) }),
  z.strictObject({ ...common, state: z.literal('failed'), message: z.string() }),
  z.strictObject({ ...common, state: z.literal('timeout'), limitMs: z.number() }),
  z.strictObject({ ...common, state: z.literal('out-of-memory'), message: z.string() }),
]);

export type TrialRecord = Readonly<z.infer<typeof trialRecordSchema>>;
export type CompletedTrial = Extract<TrialRecord, { state: 'completed' }>;
export type TrialMetrics = Readonly<z.infer<typeof trialMetricsSchema>>;
export type TrialWarning = TrialRecord['warnings'][number];
export type TrialPurpose = TrialRecord['purpose'];

/** The message of a warning, for people. */
export function describeWarning(warning: TrialWarning): string {
  switch (warning.kind) {
    case 'no-steady-state':
      return `no steady state after ${warning.windows} windows${warning.span === null ? '' : `: the last medians span ${(warning.span * 100).toFixed(1)} %`}`;
    case 'few-requests':
      return `only ${warning.count} requests were measured, ${warning.wanted} are wanted`;
    case 'drift':
      return `drift: the second half is ${((warning.ratio - 1) * 100).toFixed(1)} % off the first`;
  }
}
