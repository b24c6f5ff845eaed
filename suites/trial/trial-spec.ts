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

/**
 * A trial that measures for `durationMs`: the warm-up is judged by windows of a
 * fifth of it and gives up after 1.6 times it. Reported figures come from trials
 * of twice the search's duration.
 */
export function trialProtocol(durationMs: number): TrialProtocol {
  return {
    windowMs: durationMs / 5,
    warmupMinRequests: 50,
    warmupMaxMs: durationMs * 1.6,
    measureMs: durationMs,
    measureMinRequests: 20,
    measureMaxMs: durationMs * 10,
  };
}

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
