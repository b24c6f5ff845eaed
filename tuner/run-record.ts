import { z } from 'zod';
import { engineConfigSchema } from '../engine/runtime/engine-config.ts';
import { hostProfileSchema } from '../hosts/host-profile.ts';
import { energySchema } from '../suites/trial-record.ts';
import { VERDICTS } from '../suites/comparison/verdict.ts';
import { workloadRecordSchema } from '../suites/workload-record.ts';
import { OBJECTIVES, PICKS, pricesSchema } from './objective.ts';

/** An estimate with its 95 % confidence interval. */
const intervalSchema = z.strictObject({ value: z.number(), low: z.number(), high: z.number() });

/** Those of a latency that a bound can name. */
export const PERCENTILES = ['p50', 'p90', 'p95', 'p99'] as const;
export type Percentile = (typeof PERCENTILES)[number];

/** The fields of an object with a value for each of them. */
export function byPercentile<Value extends z.ZodType>(value: Value): Record<Percentile, Value> {
  return { p50: value, p90: value, p95: value, p99: value };
}

const boundSchema = z.strictObject({ percentile: z.enum(PERCENTILES), limitMs: z.number() });

export const constraintSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('latency'), ...boundSchema.shape }),
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
    latencyMs: z.strictObject(byPercentile(z.number())),
    /** What the bounded percentile does not exceed with 99 % confidence. */
    certifiedMs: z.number(),
    memoryBytes: z.number(),
    /** The trial that confirmed the rate with fresh arrivals. */
    trial: z.string(),
  }),
  /** No rate was confirmed to keep the bound. */
  z.strictObject({
    state: z.literal('none'),
    bound: boundSchema,
    reason: z.string(),
    /** The machine disturbed the lowest rate that was tried: the arm may well serve it. */
    disturbed: z.literal(true).optional(),
  }),
]);
export type ServerFigures = Readonly<z.infer<typeof serverFiguresSchema>>;

export const armMetricsSchema = z.strictObject({
  /** `high` is null with one trial: it has no interval. */
  qps: z.strictObject({ value: z.number(), low: z.number(), high: z.number().nullable() }),
  latencyMs: z.strictObject({
    ...byPercentile(z.number()),
    /** Whether there were enough requests to certify p99; `upper` then holds with 99 %. */
    certified: z.boolean(),
    /** What each percentile does not exceed with 99 % confidence; null with too few requests. */
    upper: z.strictObject(byPercentile(z.number().nullable())).optional(),
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

const knobValueSchema = z.union([z.string(), z.number(), z.boolean()]);
const knobValuesSchema = z.record(z.string(), knobValueSchema);
/** Several values of each knob. */
const knobChoicesSchema = z.record(z.string(), z.array(knobValueSchema));

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
  knobs: knobChoicesSchema,
  /** Arms in the space, after merging those that mean the same. */
  armCount: z.int(),
  /** Arms that have one of the values of every knob named are left out. */
  exclude: z.array(knobChoicesSchema).default([]),
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
  /**
   * Who set the bound on latency. A suite's own stands in when none is given: it keeps the
   * search honest, and says nothing of what requests will come.
   */
  latencyBoundFrom: z.enum(['user', 'suite']).default('user'),
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
