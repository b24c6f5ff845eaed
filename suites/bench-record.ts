import { z } from 'zod';
import { hostProfileSchema } from '../hosts/host-profile.ts';
import { noiseRecordSchema } from './comparison/noise-floor.ts';
import { COMPARED_METRIC_NAMES } from './comparison/margins.ts';
import { VERDICTS } from './comparison/verdict.ts';
import { trialRecordSchema } from './trial-record.ts';
import { workloadRecordSchema } from './workload-record.ts';

/** JSON has no infinity: a side of an interval that is not bounded is null. */
const ratioSchema = z.strictObject({
  value: z.number(),
  low: z.number().nullable(),
  high: z.number().nullable(),
});

const judgedMetricSchema = z.strictObject({
  metric: z.enum(COMPARED_METRIC_NAMES),
  /** Primary metrics decide when to stop; the others are only shown. */
  primary: z.boolean(),
  margin: z.number(),
  /** B over A. */
  ratio: ratioSchema,
  confidence: z.number(),
  verdict: z.enum(VERDICTS),
});
export type JudgedMetric = Readonly<z.infer<typeof judgedMetricSchema>>;

const comparisonRecordSchema = z.strictObject({
  blocks: z.array(
    z.strictObject({
      order: z.enum(['ABBA', 'BAAB']),
      logRatios: z.partialRecord(z.enum(COMPARED_METRIC_NAMES), z.number()),
    }),
  ),
  lost: z.int(),
  metrics: z.array(judgedMetricSchema),
  noise: noiseRecordSchema,
});
export type ComparisonRecord = Readonly<z.infer<typeof comparisonRecordSchema>>;

const peakRecordSchema = z.strictObject({
  /** Queries per second; null when no rate passed. */
  ratePerSecond: z.number().nullable(),
  failedAt: z.number().nullable(),
  complete: z.boolean(),
  /** Position of the confirming trial among the trials; null when no rate passed. */
  confirmedBy: z.int().nullable(),
});
export type PeakRecord = Readonly<z.infer<typeof peakRecordSchema>>;

/** What one `claw bench` measured: its trials, and what they say together. */
export const benchRecordSchema = z.strictObject({
  schema: z.literal('openclaw.bench/1'),
  id: z.string(),
  createdAt: z.string(),
  workload: workloadRecordSchema,
  host: hostProfileSchema,
  /** In the order in which they were measured, those that do not count among them. */
  trials: z.array(trialRecordSchema),
  comparison: comparisonRecordSchema.nullable(),
  peak: peakRecordSchema.nullable(),
});
export type BenchRecord = Readonly<z.infer<typeof benchRecordSchema>>;
