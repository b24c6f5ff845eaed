import { z } from 'zod';
import { engineConfigSchema } from '../../engine/runtime/engine-config.ts';
import { trialMetricsSchema, trialWarningSchema } from '../trial-record.ts';

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
  config: engineConfigSchema,
  protocol: protocolSchema,
  /** Labelled samples to score; 0 for none. */
  evaluationCount: z.int().min(0),
  /** When the parent spawned the process, Unix milliseconds. */
  spawnedAtMs: z.number(),
});
export type TrialSpec = Readonly<z.infer<typeof trialSpecSchema>>;

/** While searching: short windows, many trials. */
export const SEARCH_PROTOCOL: TrialProtocol = Object.freeze({
  windowMs: 200,
  warmupMinRequests: 50,
  warmupMaxMs: 1600,
  measureMs: 1000,
  measureMinRequests: 20,
  measureMaxMs: 10_000,
});

/** For figures that are reported: the same rule, measured longer. */
export const VERIFY_PROTOCOL: TrialProtocol = Object.freeze({
  ...SEARCH_PROTOCOL,
  measureMs: 2000,
  measureMinRequests: 50,
});

/** What a trial's process says back. Latencies are binary: the channel serializes by structure. */
export const trialReplySchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('completed'),
    metrics: trialMetricsSchema,
    warnings: z.array(trialWarningSchema),
    latenciesMs: z.instanceof(Float64Array),
  }),
  z.strictObject({ kind: z.literal('invalid'), reasons: z.array(z.string()).min(1) }),
  z.strictObject({ kind: z.literal('failed'), message: z.string() }),
]);
export type TrialReply = Readonly<z.infer<typeof trialReplySchema>>;
