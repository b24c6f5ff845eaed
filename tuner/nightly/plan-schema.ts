import { z } from 'zod';
import { messageOf } from '../../engine/base/errors.ts';
import { parseBytes, parseDurationMs } from '../../engine/base/units.ts';
import { SCENARIO_NAMES } from '../../suites/scenarios/scenario.ts';
import { byPercentile, PERCENTILES, type Constraint } from '../run-record.ts';
import { parseRetune } from './retune-policy.ts';

/** The text of a plan as YAML gives it, checked field by field; paths are still as written. */

export const NIGHTLY_OBJECTIVES = ['qps', 'latency', 'energy'] as const;
export type NightlyObjective = (typeof NIGHTLY_OBJECTIVES)[number];

/** A value that a parser of ours reads; what it throws becomes the field's own message. */
function parsed<T>(parse: (text: string) => T): z.ZodType<T> {
  return z.string().transform((text, context) => {
    try {
      return parse(text);
    } catch (thrown) {
      context.addIssue({ code: 'custom', message: messageOf(thrown) });
      return z.NEVER;
    }
  });
}

const durationSchema = parsed((text) => parseDurationMs(text, 'a time'));

const wattsSchema = parsed((text) => {
  const watts = Number(/^\s*(\d+(?:\.\d+)?)\s*W\s*$/.exec(text)?.[1] ?? Number.NaN);
  if (watts > 0) return watts;
  throw new Error(`'${text}' is not a power: give watts, such as 15W`);
});

const constraintsSchema = z
  .strictObject({
    ...byPercentile(durationSchema.optional()),
    memory: parsed((text) => parseBytes(text, 'a size')).optional(),
    accuracy: z.number().gt(0).lte(1).optional(),
    power: wattsSchema.optional(),
  })
  .transform(({ memory, accuracy, power, ...latencies }): Constraint[] => [
    ...PERCENTILES.flatMap((percentile) => {
      const limitMs = latencies[percentile];
      return limitMs === undefined ? [] : [{ kind: 'latency' as const, percentile, limitMs }];
    }),
    ...(memory === undefined ? [] : [{ kind: 'memory' as const, limitBytes: memory }]),
    ...(accuracy === undefined ? [] : [{ kind: 'accuracy' as const, floor: accuracy }]),
    ...(power === undefined ? [] : [{ kind: 'power' as const, limitWatts: power }]),
  ]);

const workloadShape = {
  /** A suite's name, or the path of a model; a tuned.json names its own. */
  target: z.string().min(1).optional(),
  /** An .npz file. */
  data: z.string().min(1).optional(),
  dims: z.record(z.string(), z.int().min(1)).default({}),
};

/** What runs: exactly one of these. */
const configShape = {
  /** The path of a tuned.json. */
  tuned: z.string().min(1).optional(),
  /** `default`, or the path of a file of knobs. */
  config: z.string().min(1).optional(),
};

const controlSchema = z
  .strictObject({ ...workloadShape, ...configShape })
  .superRefine((control, context) => {
    const problem = configProblem(control, ['tuned', 'config'], 'target');
    if (problem !== null) context.addIssue({ code: 'custom', ...problem, path: [...problem.path] });
  });

const jobSchema = z
  .strictObject({
    /** Names files and tests too. */
    name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, {
      error: 'a name has letters, digits, dots, dashes and underscores, 64 at most',
    }),
    ...workloadShape,
    ...configShape,
    budget: durationSchema.optional(),
    objective: z.enum(NIGHTLY_OBJECTIVES).default('qps'),
    constraints: constraintsSchema.default([]),
    scenario: z.enum(SCENARIO_NAMES).default('closed-loop'),
    rate: z.number().positive().max(1e6).optional(),
    release: z.iso.date().optional(),
    seed: z.int().min(0).default(1),
  })
  .superRefine((job, context) => {
    const choices = ['tuned', 'config', 'budget'] as const;
    const problem = configProblem(job, choices, 'name') ?? loadProblem(job);
    if (problem !== null) context.addIssue({ code: 'custom', ...problem, path: [...problem.path] });
  });
export type JobText = Readonly<z.infer<typeof jobSchema>>;

interface Problem {
  readonly path: readonly string[];
  readonly message: string;
}

type JobFields = Partial<Record<string, unknown>>;

function configProblem(
  fields: JobFields,
  choices: readonly (keyof typeof WHAT_RUNS)[],
  /** A field that is always there, to point at. */
  anchor: string,
): Problem | null {
  const given = choices.filter((name) => fields[name] !== undefined);
  if (given.length > 1) {
    return { path: [given[1] ?? ''], message: `${given.join(' and ')} exclude each other` };
  }
  if (given.length === 0) {
    const list = choices.map((name) => WHAT_RUNS[name]).join(', ');
    return { path: [anchor], message: `say what runs, by one of: ${list}` };
  }
  if (fields['tuned'] !== undefined) return tunedProblem(fields);
  return fields['target'] === undefined
    ? { path: [anchor], message: "a target is missing: a suite's name, or the path of a model" }
    : null;
}

const WHAT_RUNS = Object.freeze({
  tuned: 'tuned (a tuned.json)',
  config: 'config (default, or a file of knobs)',
  budget: 'budget (tuned by claw, such as 3m)',
});

/** A tuned.json names its own workload: measured as it was, or not at all. */
function tunedProblem(fields: JobFields): Problem | null {
  const isGiven = (name: string): boolean =>
    name === 'dims' ? Object.keys(fields['dims'] ?? {}).length > 0 : fields[name] !== undefined;
  const extra = ['target', 'data', 'dims'].find(isGiven);
  if (extra === undefined) return null;
  return { path: [extra], message: `a tuned.json has its own ${extra}: leave it out` };
}

function loadProblem(job: JobFields): Problem | null {
  const isServer = job['scenario'] === 'server';
  if (isServer && job['rate'] === undefined) {
    return { path: ['scenario'], message: 'server needs a rate, in queries per second' };
  }
  return !isServer && job['rate'] !== undefined
    ? { path: ['rate'], message: `a rate belongs to the server scenario` }
    : null;
}

export const planSchema = z
  .strictObject({
    schema: z.literal('openclaw.nightly/1'),
    control: controlSchema,
    retune: z
      .string()
      .transform((text, context) => {
        const policy = parseRetune(text);
        if (policy !== null) return policy;
        const message = `'${text}' is no policy: give never, on-change or every N nights`;
        context.addIssue({ code: 'custom', message });
        return z.NEVER;
      })
      .default({ kind: 'never' }),
    /** Blocks of four trials, two of each side; a measurement has as many. */
    blocks: z.int().min(2).max(20).default(6),
    trial: durationSchema.default(1000),
    jobs: z.array(jobSchema).min(1).max(100),
  })
  .superRefine(({ jobs }, context) => {
    const names = jobs.map(({ name }) => name);
    const twice = names.findIndex((name, index) => names.indexOf(name) < index);
    if (twice === -1) return;
    const message = `two jobs are named '${names[twice]}'`;
    context.addIssue({ code: 'custom', message, path: ['jobs', twice, 'name'] });
  });
export type PlanText = Readonly<z.infer<typeof planSchema>>;
