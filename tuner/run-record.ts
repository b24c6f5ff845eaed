import { z } from 'zod';
import { engineConfigSchema } from '../engine/runtime/engine-config.ts';
import { hostProfileSchema } from '../hosts/host-profile.ts';
import { energySchema } from '../suites/trial-record.ts';
import { VERDICTS } from '../suites/comparison/verdict.ts';
import { workloadRecordSchema } from '../suites/workload-record.ts';
import { OBJECTIVES, PICKS, pricesSchema } from './objective.ts';

/** An estimate with its 95 % confidence interval. */
const intervalSchema = z.strictObject({ value: z.number(), low: z.number(), high: z.number() });

export const constraintSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('latency'),
    percentile: z.enum(['p50', 'p90', 'p95', 'p99']),
    limitMs: z.number(),
  }),
  z.strictObject({ kind: z.literal('memory'), limitBytes: z.number() }),
  z.strictObject({ kind: z.literal('accuracy'), floor: z.number() }),
  z.strictObject({ kind: z.literal('power'), limitWatts: z.number() }),
]);
export type Constraint = Readonly<z.infer<typeof constraintSchema>>;

export { VERDICTS, type Verdict } from '../suites/comparison/verdict.ts';

const pairSchema = z.strictObject({
  pair: z.int(),
  order: z.enum(['AB', 'BA']),
  defaultTrial: z.string(),
  candidateTrial: z.string(),
  /** log(score of the candidate / score of the default). */
  logRatio: z.number(),
});

export const verificationSchema = z.strictObject({
  candidate: z.string(),
  pairs: z.array(pairSchema),
  /** How much better the candidate is than the default in what is sought; 1: as good. */
  ratio: intervalSchema,
  /** Relative change below which two arms count as equal, e.g. 0.02. */
  margin: z.number(),
  verdict: z.enum(VERDICTS),
});
export type Verification = Readonly<z.infer<typeof verificationSchema>>;

const boundSchema = z.strictObject({
  percentile: z.enum(['p50', 'p90', 'p95', 'p99']),
  limitMs: z.number(),
});

/**
 * What an arm does with single requests that come when they come (the scenario `server`):
 * the highest rate that was confirmed to keep the bound on latency.
 */
const serverFiguresSchema = z.discriminatedUnion('state', [
  z.strictObject({
    state: z.literal('found'),
    bound: boundSchema,
    /** Requests per second, and the samples in them. */
    ratePerSecond: z.number(),
    qps: z.number(),
    /** The lowest rate above it that did not keep the bound; null when none was reached. */
    failedAt: z.number().nullable(),
    /** At that rate, from the scheduled time of each request; raw percentiles. */
    latencyMs: z.strictObject({
      p50: z.number(),
      p90: z.number(),
      p95: z.number(),
      p99: z.number(),
    }),
    /** What the bounded percentile does not exceed with 99 % confidence. */
    certifiedMs: z.number(),
    memoryBytes: z.number(),
    /** The trial that confirmed the rate with fresh arrivals. */
    trial: z.string(),
  }),
  /** No rate was confirmed to keep the bound. */
  z.strictObject({ state: z.literal('none'), bound: boundSchema, reason: z.string() }),
]);
export type ServerFigures = Readonly<z.infer<typeof serverFiguresSchema>>;

export const armMetricsSchema = z.strictObject({
  /** `high` is null with one trial: it has no interval. */
  qps: z.strictObject({ value: z.number(), low: z.number(), high: z.number().nullable() }),
  latencyMs: z.strictObject({
    p50: z.number(),
    p90: z.number(),
    p95: z.number(),
    p99: z.number(),
    /** Whether there were enough requests to certify p99; `upper` then holds with 99 %. */
    certified: z.boolean(),
    /** What each percentile does not exceed with 99 % confidence; null with too few requests. */
    upper: z
      .strictObject({
        p50: z.number().nullable(),
        p90: z.number().nullable(),
        p95: z.number().nullable(),
        p99: z.number().nullable(),
      })
      .optional(),
  }),
  memoryBytes: z.number(),
  sessionBytes: z.number(),
  energyJPerInference: energySchema,
  quality: z.strictObject({ accuracy: z.number().optional() }),
  /** Only where latency is bounded; beside it `qps` is that of the closed loop. */
  server: serverFiguresSchema.optional(),
  /** Trials that the figures come from. */
  trials: z.int(),
});
/** What is known of one arm from several trials of it. */
export type ArmMetrics = Readonly<z.infer<typeof armMetricsSchema>>;

const measuredArmSchema = z.strictObject({
  /** As the search had it, without the delay that `config` may have for single requests. */
  armKey: z.string(),
  config: engineConfigSchema,
  metrics: armMetricsSchema,
});
export type MeasuredArm = Readonly<z.infer<typeof measuredArmSchema>>;

export const runOutcomeSchema = z.discriminatedUnion('kind', [
  /** A faster arm was found, measured again, and ships. */
  z.strictObject({
    kind: z.literal('winner'),
    shipped: measuredArmSchema,
    baseline: measuredArmSchema,
    verification: verificationSchema,
    reason: z.string(),
  }),
  /** The default ships; a candidate may have been measured again and fallen short. */
  z.strictObject({
    kind: z.literal('default'),
    shipped: measuredArmSchema,
    baseline: measuredArmSchema,
    verification: verificationSchema.nullable(),
    reason: z.string(),
  }),
  /** Nothing meets the constraints; the arm that came nearest, if any was measured. */
  z.strictObject({
    kind: z.literal('nothing-feasible'),
    nearest: measuredArmSchema.nullable(),
    reason: z.string(),
  }),
]);
export type RunOutcome = Readonly<z.infer<typeof runOutcomeSchema>>;

const knobValuesSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

/** Why an arm was chosen: see `tuner/explain.ts`. */
const explanationSchema = z.strictObject({
  armKey: z.string(),
  effects: z.array(
    z.strictObject({
      group: z.string(),
      chosen: knobValuesSchema,
      insteadOf: knobValuesSchema,
      /** Of what is sought. */
      ratio: intervalSchema,
    }),
  ),
  rejected: z.array(z.strictObject({ reason: z.string(), arms: z.int() })),
});
export type Explanation = Readonly<z.infer<typeof explanationSchema>>;

export const runRecordSchema = z.strictObject({
  schema: z.literal('openclaw.run/1'),
  id: z.string(),
  createdAt: z.string(),
  /** `running` also after a kill -9: `--resume` goes on. */
  state: z.enum(['running', 'interrupted', 'finished', 'failed']),
  workload: workloadRecordSchema,
  /** Values of each knob that the search chose between. */
  knobs: z.record(z.string(), z.array(z.union([z.string(), z.number(), z.boolean()]))),
  /** Arms in the space, after merging those that mean the same. */
  armCount: z.int(),
  /** Arms that have one of the values of every knob named are left out. */
  exclude: z
    .array(z.record(z.string(), z.array(z.union([z.string(), z.number(), z.boolean()]))))
    .default([]),
  /** What was typed of the space: `--set`, `--only` and `--space` with their values. */
  spaceOptions: z.array(z.string()).default([]),
  /** Arms that were left out because they cannot fit the memory. */
  tooLarge: z.int().default(0),
  objective: z.enum(OBJECTIVES),
  /** Which arm of a front ships. */
  pick: z.enum(PICKS).default('knee'),
  prices: pricesSchema.nullable().default(null),
  /** Addresses of power meters that were read. */
  meters: z.array(z.string()).default([]),
  constraints: z.array(constraintSchema),
  budget: z.strictObject({ timeMs: z.number().nullable(), trials: z.int().nullable() }),
  /** How long each search trial measures; those of the verification twice as long. */
  trialMs: z.number(),
  searcher: z.string(),
  seed: z.int(),
  host: hostProfileSchema,
  versions: z.strictObject({
    openclaw: z.string(),
    node: z.string(),
    onnxruntime: z.string(),
  }),
  /** Time spent so far, all sittings together. */
  spentMs: z.number(),
  outcome: runOutcomeSchema.nullable(),
  explanation: explanationSchema.nullable().default(null),
});
export type RunRecord = Readonly<z.infer<typeof runRecordSchema>>;
