import { z } from 'zod';
import { engineConfigSchema } from '../engine/runtime/engine-config.ts';
import { hostEnvironmentSchema } from '../hosts/profile/environment-record.ts';
import { scenarioSchema, type LatencyBound } from './scenarios/scenario.ts';
import { invalidReasonSchema, trialWarningSchema } from './trial-findings.ts';

/**
 * The record of one trial: a config measured once, in a fresh process. Written
 * once, never changed. Milliseconds, bytes, samples per second throughout.
 */

const percentilesSchema = <T extends z.ZodType>(
  value: T,
): z.ZodObject<Record<'p50' | 'p90' | 'p95' | 'p99' | 'p999', T>> =>
  z.strictObject({ p50: value, p90: value, p95: value, p99: value, p999: value });

const latencySchema = z.strictObject({
  /** Queries that the figures come from. */
  count: z.int(),
  mean: z.number(),
  sd: z.number(),
  /** Unscaled median absolute deviation. */
  mad: z.number(),
  /** Raw percentiles (type 7): what happened, not what holds with a stated confidence. */
  p50: z.number(),
  p90: z.number(),
  p95: z.number(),
  p99: z.number(),
  p999: z.number(),
  max: z.number(),
  /** What each percentile does not exceed with 99 % confidence; null below its minimum count. */
  certified: percentilesSchema(z.number().nullable()),
  /** Order-statistic intervals, 95 %; a side is null where there are too few queries. */
  intervals: percentilesSchema(
    z.strictObject({ low: z.number().nullable(), high: z.number().nullable() }),
  ),
});

/** How the figures moved while they were measured; null where there was too little to tell. */
const stabilitySchema = z.strictObject({
  /** Lag-1 autocorrelation of the means of windows. */
  lagOne: z.number().nullable(),
  /** Median latency of the second half over that of the first. */
  halves: z.number().nullable(),
  /** Peaks of the distribution of latencies. */
  modes: z.int().nullable(),
  /** Coefficient of variation of the CPU's frequency. */
  frequencyCv: z.number().nullable(),
});

export const energySchema = z.discriminatedUnion('state', [
  z.strictObject({ state: z.literal('unavailable'), reason: z.string() }),
  z.strictObject({
    /** An estimate is a model's, not a sensor's: it is never compared with a measurement. */
    state: z.enum(['measured', 'estimated']),
    /** Joules per sample, idle power included. */
    value: z.number(),
    /** Joules per sample beyond what the idle machine takes. */
    netValue: z.number().nullable(),
    /** Mean power under load, and idle. */
    watts: z.number(),
    idleWatts: z.number().nullable(),
    /** The sensor, what it sees, and how. */
    source: z.string(),
    scope: z.string(),
    quality: z.string(),
    /** Share of the measured time that samples cover. */
    coverage: z.number(),
    notes: z.array(z.string()),
  }),
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
  /** `pss`: pages shared with other processes count once in all; `rss` where the system has no PSS. */
  measure: z.enum(['pss', 'rss']),
  /**
   * When our first line ran, the runtime was loaded (as it would be in each process
   * of the engine), every session existed, ...
   */
  startBytes: z.number(),
  runtimeBytes: z.number(),
  createdBytes: z.number(),
  /** ... the first inference was answered, and the load had ended. */
  firstInferenceBytes: z.number(),
  endBytes: z.number(),
  /** Peaks of all processes once the runtime was loaded, less what is shared with others. */
  peakBytes: z.number(),
  /** Of the whole control group, its page cache included; null where it does not tell. */
  groupPeakBytes: z.number().nullable(),
});

export const trialMetricsSchema = z.strictObject({
  /** Samples per second, all clients together. */
  qps: z.number(),
  /** 95 % interval of `qps` from windows of this trial; null with too few of them. */
  qpsWithin: z.strictObject({ low: z.number(), high: z.number() }).nullable(),
  /** Per query: of `batch.maxSize` samples in a closed loop; from the scheduled time in `server`. */
  latencyMs: latencySchema,
  stability: stabilitySchema,
  /** How late the generator sent, in `server`; null elsewhere: a closed loop has no schedule. */
  generatorLagMs: z.strictObject({ p50: z.number(), p99: z.number(), max: z.number() }).nullable(),
  /** Queries that were due and not answered within the drain; 0 in a closed loop. */
  unanswered: z.int(),
  samples: z.int(),
  elapsedMs: z.number(),
  /** CPU seconds of all engine processes per second of measuring. */
  cpuUtilisation: z.number(),
  /** Time that runnable threads waited for a core, per second of measuring; null where not told. */
  runQueueWait: z.number().nullable(),
  warmupRequests: z.int(),
  warmupMs: z.number(),
  /** Peak memory of all engine processes, runtime included. */
  memoryBytes: z.number(),
  /** `memoryBytes` less the runtime-only baseline. */
  sessionBytes: z.number(),
  memory: memorySchema,
  cold: coldSchema,
  energyJPerInference: energySchema,
  quality: qualitySchema,
});

const common = {
  schema: z.literal('openclaw.trial/2'),
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
    /** One configuration measured for itself. */
    z.strictObject({ kind: z.literal('bench') }),
    /** A rate tried in the search for the highest one. */
    z.strictObject({ kind: z.literal('probe'), ratePerSecond: z.number(), seed: z.int() }),
    /** One of the four trials of a block of a comparison: `a` is the baseline. */
    z.strictObject({
      kind: z.literal('compare'),
      block: z.int(),
      position: z.int(),
      side: z.enum(['a', 'b']),
    }),
  ]),
  scenario: scenarioSchema,
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
  /** The machine just before the load; null when the trial did not get that far. */
  environment: hostEnvironmentSchema.nullable(),
  /** What makes the figures less certain, without making them wrong. */
  warnings: z.array(trialWarningSchema),
};

export const trialRecordSchema = z.discriminatedUnion('state', [
  z.strictObject({ ...common, state: z.literal('completed'), metrics: trialMetricsSchema }),
  /** Measured, but not believed; the figures are kept to look at. */
  z.strictObject({
    ...common,
    state: z.literal('invalid'),
    reasons: z.array(invalidReasonSchema).min(1),
    metrics: trialMetricsSchema.nullable(),
  }),
  z.strictObject({ ...common, state: z.literal('failed'), message: z.string() }),
  z.strictObject({ ...common, state: z.literal('timeout'), limitMs: z.number() }),
  z.strictObject({ ...common, state: z.literal('out-of-memory'), message: z.string() }),
]);

export type TrialRecord = Readonly<z.infer<typeof trialRecordSchema>>;
export type CompletedTrial = Extract<TrialRecord, { state: 'completed' }>;
export type TrialMetrics = Readonly<z.infer<typeof trialMetricsSchema>>;
export type TrialPurpose = TrialRecord['purpose'];

/** Whether a trial proves, with 99 % confidence, that a percentile stays within its bound. */
export function certifiesBound(
  trial: TrialRecord,
  { percentile, limitMs }: LatencyBound,
): trial is CompletedTrial {
  if (trial.state !== 'completed' || trial.metrics.unanswered > 0) return false;
  const certified = trial.metrics.latencyMs.certified[percentile];
  return certified !== null && certified <= limitMs;
}
