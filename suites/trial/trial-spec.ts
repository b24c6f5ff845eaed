import { z } from 'zod';
import { engineConfigSchema } from '../../engine/runtime/engine-config.ts';
import { hostEnvironmentSchema } from '../../hosts/profile/environment-record.ts';
import { leastQueries, scenarioSchema, type Scenario } from '../scenarios/scenario.ts';
import { invalidReasonSchema, trialWarningSchema } from '../trial-findings.ts';
import { trialMetricsSchema } from '../trial-record.ts';

/** How long and how thoroughly to measure. */
const protocolSchema = z.strictObject({
  /** A warm-up or steady-state window, in milliseconds. */
  windowMs: z.number().positive(),
  /** Requests that the warm-up runs at least. */
  warmupMinRequests: z.int(),
  /** The warm-up gives up waiting for a steady state after this. */
  warmupMaxMs: z.number(),
  /** Measuring ends when both the time and the count are met ... */
  measureMs: z.number().positive(),
  measureMinRequests: z.int().min(1),
  /** ... or, at the latest, here. */
  measureMaxMs: z.number().positive(),
});
export type TrialProtocol = Readonly<z.infer<typeof protocolSchema>>;

/** Everything that a trial's process needs to know; sent to it as its first message. */
export const trialSpecSchema = z.strictObject({
  modelPath: z.string(),
  datasetFolder: z.string(),
  /** Reference outputs (see `golden/`); null when there are none. */
  goldenFolder: z.string().nullable(),
  config: engineConfigSchema,
  scenario: scenarioSchema,
  /** Of the arrivals and of the samples that are drawn. */
  seed: z.int(),
  protocol: protocolSchema,
  /** Labelled samples to score; 0 for none. */
  evaluationCount: z.int().min(0),
  /** How long the machine is left idle before the warm-up, so that its idle power can be read. */
  idleMs: z.number().min(0),
  /** When the parent spawned the process, Unix milliseconds. */
  spawnedAtMs: z.number(),
});
export type TrialSpec = Readonly<z.infer<typeof trialSpecSchema>>;

/** A steady state is judged by windows of this length: shorter while tuning. */
const WINDOW_MS = { tuning: 200, measuring: 1000 } as const;
/** A short measurement is no reason to skip the warm-up. */
const LEAST_WARMUP_MS = 2000;
/** A slow model may take this long to reach its count, whatever the duration. */
const LEAST_MAX_MS = 60_000;

/**
 * A trial of the search: windows of a fifth of `durationMs`, at most 0.2 s. The
 * warm-up gives up after 1.6 times the duration.
 */
export function trialProtocol(durationMs: number): TrialProtocol {
  return {
    windowMs: Math.min(WINDOW_MS.tuning, durationMs / 5),
    warmupMinRequests: 50,
    warmupMaxMs: durationMs * 1.6,
    measureMs: durationMs,
    measureMinRequests: 20,
    measureMaxMs: Math.max(LEAST_MAX_MS, durationMs * 10),
  };
}

/** A trial of the search with as many queries as its scenario's percentile needs. */
export function certifyingProtocol(durationMs: number, scenario: Scenario): TrialProtocol {
  return { ...trialProtocol(durationMs), measureMinRequests: leastQueries(scenario) };
}

/** A trial that stands for itself: windows of 1 s, and as many queries as its percentile needs. */
export function benchProtocol(durationMs: number, scenario: Scenario): TrialProtocol {
  return {
    windowMs: Math.min(WINDOW_MS.measuring, durationMs / 5),
    warmupMinRequests: 50,
    warmupMaxMs: Math.min(10_000, Math.max(LEAST_WARMUP_MS, 2 * durationMs)),
    measureMs: durationMs,
    measureMinRequests: leastQueries(scenario),
    measureMaxMs: Math.max(LEAST_MAX_MS, durationMs * 10),
  };
}

/** Spans of a trial on the clock that all processes share, for what the parent recorded. */
const spanSchema = z.strictObject({ fromMs: z.number(), toMs: z.number() });
export type Span = Readonly<z.infer<typeof spanSchema>>;

/** What a trial's process says back. Latencies are binary: the channel serializes by structure. */
export const trialReplySchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('measured'),
    /** Without energy, which the parent adds. */
    metrics: trialMetricsSchema,
    reasons: z.array(invalidReasonSchema),
    warnings: z.array(trialWarningSchema),
    environment: hostEnvironmentSchema,
    latenciesMs: z.instanceof(Float64Array),
    load: spanSchema,
    idle: spanSchema.nullable(),
  }),
  /** Ended before the load, with a reason. */
  z.strictObject({ kind: z.literal('invalid'), reasons: z.array(invalidReasonSchema).min(1) }),
  z.strictObject({ kind: z.literal('failed'), message: z.string() }),
]);
export type TrialReply = Readonly<z.infer<typeof trialReplySchema>>;
