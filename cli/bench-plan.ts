import { z } from 'zod';
import { messageOf, UsageError, UserError } from '../engine/base/errors.ts';
import { readTextFile } from '../engine/base/files.ts';
import { firstIssue } from '../engine/base/json.ts';
import { parseDurationMs } from '../engine/base/units.ts';
import { defaultEngineConfig, engineConfigSchema } from '../engine/runtime/engine-config.ts';
import { readTuned, type Tuned } from '../tuner/export/tuned.ts';
import { setKnobs } from '../tuner/set-knobs.ts';
import { parseLoad, type BenchLoad } from './bench-load.ts';
import {
  parseCount,
  parseDims,
  storeOptionsSchema,
  workloadOptionsSchema,
} from './option-values.ts';

export const benchOptionsSchema = storeOptionsSchema.extend(workloadOptionsSchema.shape).extend({
  config: z.string().optional(),
  set: z.array(z.string()).default([]),
  against: z.string().optional(),
  scenario: z.string(),
  duration: z.string().optional(),
  rate: z.string().optional(),
  slo: z.string().optional(),
  meter: z.array(z.string()).default([]),
});
export type BenchOptions = z.infer<typeof benchOptionsSchema>;

/** Where a configuration comes from. */
export type ConfigSource =
  | { readonly kind: 'default' }
  | { readonly kind: 'set'; readonly texts: readonly string[] }
  | { readonly kind: 'file'; readonly path: string; readonly changes: PartialConfig }
  | { readonly kind: 'tuned'; readonly path: string; readonly tuned: Tuned };

/** What is to be measured, and how; everything that can be wrong with the options is found. */
export interface BenchPlan {
  readonly target: string;
  readonly dataPath: string | null;
  readonly dims: Readonly<Record<string, number>>;
  readonly seed: number;
  readonly config: ConfigSource;
  /** The configuration that it is compared with; null: it is measured for itself. */
  readonly against: ConfigSource | null;
  readonly load: BenchLoad;
  readonly durationMs: number;
}

const DEFAULT_DURATION_MS = 10_000;
/** A comparison takes 24 trials at the least. */
const COMPARED_DURATION_MS = 1000;

export async function planBench(
  target: string | undefined,
  options: BenchOptions,
  given: ReadonlySet<string>,
): Promise<BenchPlan> {
  if (options.config !== undefined && options.set.length > 0) {
    throw new UsageError('--config and --set exclude each other', {
      remedy: 'write all of it into the file, or set all of it on the command line',
    });
  }
  const config = await configSource(options);
  const against = options.against === undefined ? null : await fileSource(options.against);
  const tuned = [config, against].find((source) => source?.kind === 'tuned');
  const workload =
    tuned?.kind === 'tuned'
      ? fromTuned(tuned.tuned, target, given)
      : fromOptions(target, options, given);
  const load = parseLoad(options, workload.target);
  if (load.kind === 'peak' && against !== null) {
    throw new UsageError('--against compares at one load: a search for the peak has many', {
      remedy: 'give --rate as well, or leave --scenario out',
    });
  }
  const fallback = against === null ? DEFAULT_DURATION_MS : COMPARED_DURATION_MS;
  const durationMs =
    options.duration === undefined ? fallback : parseDurationMs(options.duration, '--duration');
  return { ...workload, config, against, load, durationMs };
}

type WorkloadPlan = Pick<BenchPlan, 'target' | 'dataPath' | 'dims' | 'seed'>;

function fromOptions(
  target: string | undefined,
  options: BenchOptions,
  given: ReadonlySet<string>,
): WorkloadPlan {
  if (target === undefined) {
    const isConfigured = given.has('config') || given.has('against');
    throw new UsageError('nothing to measure', {
      remedy: isConfigured
        ? "only a tuned.json names what to run: give a suite's name or an .onnx path"
        : "give a suite's name, an .onnx path, or --config with a tuned.json",
    });
  }
  return {
    target,
    dataPath: options.data ?? null,
    dims: parseDims(options.dim),
    seed: parseCount(options.seed, '--seed', 0),
  };
}

/** A tuned.json names its own workload: measured as it was, or not at all. */
function fromTuned(
  tuned: Tuned,
  target: string | undefined,
  given: ReadonlySet<string>,
): WorkloadPlan {
  const extra = ['data', 'dim', 'seed'].find((name) => given.has(name));
  if (extra !== undefined || target !== undefined) {
    const what = target === undefined ? `--${extra ?? ''}` : `'${target}'`;
    throw new UsageError(`a tuned.json is measured on what it was tuned for; leave ${what} out`);
  }
  const { suite, data, dims, seed } = tuned.workload;
  return { target: suite ?? tuned.model.path, dataPath: data, dims, seed };
}

function configSource(options: BenchOptions): Promise<ConfigSource> | ConfigSource {
  if (options.config !== undefined) return fileSource(options.config);
  if (options.set.length === 0) return { kind: 'default' };
  // Applied later, to the default of a host and a model: what is wrong with it is found here.
  setKnobs(defaultEngineConfig(1), options.set);
  return { kind: 'set', texts: options.set };
}

const partialConfigSchema = engineConfigSchema
  .extend({ batch: engineConfigSchema.shape.batch.partial() })
  .partial();
type PartialConfig = Readonly<z.infer<typeof partialConfigSchema>>;

/** `default`, a tuned.json, or a file with some knobs of a configuration. */
async function fileSource(path: string): Promise<ConfigSource> {
  if (path === 'default') return { kind: 'default' };
  const content = await readConfigFile(path);
  if (typeof content === 'object' && content !== null && 'schema' in content) {
    return { kind: 'tuned', path, tuned: await readTuned(path) };
  }
  const parsed = partialConfigSchema.safeParse(content);
  if (parsed.success) return { kind: 'file', path, changes: parsed.data };
  throw new UserError(`${path} is no configuration: ${firstIssue(parsed.error)}`, {
    remedy:
      'give a tuned.json, or knobs as it has them in "config", such as {"replicas": 2, "intraOpThreads": 1}',
  });
}

async function readConfigFile(path: string): Promise<unknown> {
  const text = await readTextFile(path, 'the configuration', {
    remedy: "give a tuned.json, a file of knobs, or 'default'",
  });
  try {
    return JSON.parse(text);
  } catch (thrown) {
    // Its message quotes the text, line ends included.
    throw new UserError(`${path} is not JSON: ${messageOf(thrown).replaceAll(/\s+/g, ' ')}`, {
      remedy: 'give a tuned.json, or a file such as {"replicas": 2, "intraOpThreads": 1}',
      cause: thrown,
    });
  }
}
