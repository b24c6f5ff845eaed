import { z } from 'zod';

/**
 * A table of recorded trials: JSON lines, one trial a line. The columns of knobs
 * say which arm ran, in the words of the recordings; those that real runs have
 * beyond are optional.
 */
const knobColumns = {
  precision: z.string().min(1),
  passes: z.string().min(1).optional(),
  replicas: z.int().min(1),
  intra_op_threads: z.int().min(1),
  batch: z.int().min(1),
  graph_level: z.string().min(1),
  spinning: z.boolean(),
  arena: z.boolean(),
  mem_pattern: z.boolean().optional(),
  isolation: z.string().min(1).optional(),
};

/** Which knob of the search a column is. */
export const KNOB_OF_COLUMN: Readonly<Record<keyof typeof knobColumns, string>> = Object.freeze({
  precision: 'precision',
  passes: 'passes',
  replicas: 'replicas',
  intra_op_threads: 'intraOpThreads',
  batch: 'batch.maxSize',
  graph_level: 'graphLevel',
  spinning: 'spinning',
  arena: 'arena',
  mem_pattern: 'memPattern',
  isolation: 'isolation',
});

const positive = z.number().positive();

const failedRowSchema = z.object({
  ...knobColumns,
  failed: z.literal(true),
  cost_s: z.number().min(0).default(0),
});

const completedRowSchema = z.object({
  ...knobColumns,
  failed: z.literal(false).optional(),
  /** Samples per second. */
  qps: positive,
  p50_ms: positive,
  p99_ms: positive,
  mem_mib: positive,
  /** What the trial took in all, in seconds. */
  cost_s: positive,
});

export const tableRowSchema = z.union([failedRowSchema, completedRowSchema]);
export type TableRow = Readonly<z.infer<typeof tableRowSchema>>;
export type CompletedRow = Readonly<z.infer<typeof completedRowSchema>>;
export type ArmColumns = Readonly<z.infer<z.ZodObject<typeof knobColumns>>>;

const COLUMNS = Object.keys(knobColumns) as (keyof typeof knobColumns)[];

/** The columns that say which arm a row is of, in their order. */
export function armColumns(row: ArmColumns): ArmColumns {
  const entries = COLUMNS.flatMap((name) => (row[name] === undefined ? [] : [[name, row[name]]]));
  return Object.fromEntries(entries) as ArmColumns;
}
