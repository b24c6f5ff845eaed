import { z } from 'zod';
import type { VariantReport } from '../../engine/artifacts/quantization/build-variant.ts';
import type { VariantJob } from '../../engine/artifacts/quantization/variant-workshop.ts';

/** Samples of a prepared dataset, in requests of one shape. */
const sampleSourceSchema = z.strictObject({
  /** For people: `batch 1`. */
  name: z.string(),
  datasetFolder: z.string(),
  /** First sample. */
  start: z.int().min(0),
  /** Requests. */
  count: z.int().min(1),
  /** Samples of a request. */
  rows: z.int().min(1),
});
export type SampleSource = Readonly<z.infer<typeof sampleSourceSchema>>;

const variantJobSchema = z.strictObject({
  modelPath: z.string(),
  outPath: z.string(),
  precision: z.enum(['fp16', 'int8-static', 'int8-dynamic', 'int4-weights']),
  method: z.enum(['auto', 'min-max', 'percentile', 'entropy', 'mse']),
  activations: z.enum(['uint8', 'int8']),
  weightBits: z.union([z.literal(8), z.literal(7)]),
  int4BlockSize: z.int(),
  floors: z.array(
    z.strictObject({
      kind: z.enum(['accuracy', 'accuracy-loss', 'agreement', 'cosine', 'sqnr']),
      value: z.number(),
    }),
  ),
  threads: z.int().min(1),
}) satisfies z.ZodType<VariantJob>;

/** What the process that makes a variant is told. */
export const variantTaskSchema = z.strictObject({
  job: variantJobSchema,
  /** One after the other; empty where the precision needs none. */
  calibration: z.array(sampleSourceSchema),
  evaluation: z.array(sampleSourceSchema).min(1),
});
export type VariantTask = Readonly<z.infer<typeof variantTaskSchema>>;

const setQualitySchema = z.strictObject({
  set: z.string(),
  samples: z.int(),
  cosine: z.number(),
  sqnrDb: z.number(),
  agreement: z.number().nullable(),
  accuracy: z.number().nullable(),
  originalAccuracy: z.number().nullable(),
});

/** How a variant came out; kept beside it. */
export const variantReportSchema = z.strictObject({
  precision: z.enum(['fp16', 'int8-static', 'int8-dynamic', 'int4-weights']),
  method: z.enum(['min-max', 'percentile', 'entropy', 'mse']).nullable(),
  calibration: z
    .strictObject({ requests: z.int(), seconds: z.number(), peakBytes: z.number() })
    .nullable(),
  quantized: z.int(),
  kept: z.array(z.string()),
  skipped: z.array(z.strictObject({ node: z.string(), reason: z.string() })),
  quality: z.array(setQualitySchema),
  integerShare: z.number(),
  sizeBytesBefore: z.number(),
  sizeBytesAfter: z.number(),
});

/** The record is what the builder reports. */
export type VariantRecord = Readonly<z.infer<typeof variantReportSchema>>;

export function toVariantRecord(report: VariantReport): VariantRecord {
  return {
    ...report,
    kept: [...report.kept],
    skipped: report.skipped.map((one) => ({ ...one })),
    quality: report.quality.map((one) => ({ ...one })),
  };
}

export const variantReplySchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('built'), report: variantReportSchema }),
  /** No variant was found that holds the floors. */
  z.strictObject({ kind: z.literal('below-floor'), message: z.string(), remedy: z.string() }),
  z.strictObject({ kind: z.literal('failed'), message: z.string() }),
]);
export type VariantReply = Readonly<z.infer<typeof variantReplySchema>>;
