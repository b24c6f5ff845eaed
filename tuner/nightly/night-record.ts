import { z } from 'zod';
import { COMPARED_METRIC_NAMES } from '../../suites/comparison/margins.ts';
import { runOwnerSchema } from '../folder-lock.ts';
import { nightVerdictSchema } from './night-verdict.ts';

/**
 * What is kept of a night: one file a night. Objects are not strict, so that a field which
 * a later version adds does not keep an earlier one from reading its files; what changes
 * the meaning of a field gets a new schema name.
 */

const sideSchema = z.object({
  /** What the plan names: a suite or a model's path. */
  target: z.string(),
  modelSha256: z.string(),
  artifactSha256: z.string(),
  armKey: z.string(),
  /** The tuned.json that it came from; null: none. */
  tuned: z.string().nullable(),
});
export type NightSide = Readonly<z.infer<typeof sideSchema>>;

const measurementSchema = z.object({
  /** Its trials and raw samples in the store. */
  benchId: z.string(),
  /** log(candidate / control) of the job's metric, one a block. */
  logRatios: z.array(z.number()).min(1),
  /** Geometric mean of the control's own figure, in the metric's unit. */
  controlLevel: z.number().positive(),
  /** The same of the candidate. */
  candidateLevel: z.number().positive(),
  /** Blocks that gave no figures. */
  lost: z.int(),
  /** Constraints that the candidate's figures break, each with the figure. */
  broken: z.array(z.object({ bound: z.string(), text: z.string() })),
});
export type NightMeasurement = Readonly<z.infer<typeof measurementSchema>>;

const changePointSchema = z.object({
  /** The first night after the change: its id. */
  night: z.string(),
  change: z.number(),
  p: z.number(),
});

/** What is there once a job could be prepared. */
const setupSchema = z.object({
  /** Nights with the same key are comparable: host, control, metric, load and data. */
  seriesKey: z.string(),
  control: sideSchema,
  candidate: sideSchema,
  /** Tuned anew on this night. */
  retuned: z.boolean(),
});
export type NightSetup = Readonly<z.infer<typeof setupSchema>>;

const baselineSchema = z.object({
  from: z.string(),
  until: z.string(),
  /** Median of log(candidate / control), positive: better. */
  gain: z.number(),
});

/** Another version of what runs control and candidate alike. */
const upgradeSchema = z.object({
  /** `onnxruntime 1.30.0 -> 1.31.0`, one a program. */
  changes: z.array(z.string()).min(1),
  /**
   * How far it moved the control, a relative change of which less is worse. Earlier nights are
   * then compared by the job's own figures, no longer by its ratio to the control. Null where
   * the control stayed as it was.
   */
  controlChange: z.number().nullable(),
});

export const nightJobSchema = z.object({
  name: z.string(),
  metric: z.enum(COMPARED_METRIC_NAMES),
  startedAt: z.iso.datetime(),
  setup: setupSchema.nullable(),
  first: measurementSchema.nullable(),
  /** The independent second one, where the first looked like a loss. */
  second: measurementSchema.nullable(),
  verdict: nightVerdictSchema,
  /** Of the frozen release; null until there are nights enough. */
  baseline: baselineSchema.nullable(),
  /** Changes of the ratio over the last 50 nights, this one among them. */
  changePoints: z.array(changePointSchema),
  /** Facts about the machine, by name: governor, microcode, ... */
  environment: z.record(z.string(), z.string()),
  /** On its first night, and while the comparison with earlier nights rests on its shift. */
  upgrade: upgradeSchema.nullable().default(null),
});
export type NightJob = Readonly<z.infer<typeof nightJobSchema>>;

export const NIGHT_SCHEMA = 'openclaw.night/1';

export const nightRecordSchema = z.object({
  schema: z.literal(NIGHT_SCHEMA),
  /** Its start as `20261122-020000`, UTC: it sorts by time and names the file. */
  id: z.string().regex(/^\d{8}-\d{6}(-\d+)?$/),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime().nullable(),
  /** `running` is what a killed night stays; the next one resumes or marks it. */
  state: z.enum(['running', 'finished', 'interrupted']),
  owner: runOwnerSchema,
  plan: z.object({ path: z.string(), sha256: z.string() }),
  host: z.object({ key: z.string(), name: z.string(), cpu: z.string(), kernel: z.string() }),
  versions: z.object({ openclaw: z.string(), node: z.string(), onnxruntime: z.string() }),
  jobs: z.array(nightJobSchema),
});
export type NightRecord = Readonly<z.infer<typeof nightRecordSchema>>;
