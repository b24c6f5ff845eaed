import { dirname, join, relative, resolve } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../engine/base/errors.ts';
import { readJsonFile } from '../../engine/base/json.ts';
import { engineConfigSchema, type EngineConfig } from '../../engine/runtime/engine-config.ts';
import { artifactOf } from '../../suites/workload-record.ts';
import {
  armMetricsSchema,
  constraintSchema,
  VERDICTS,
  type RunOutcome,
  type RunRecord,
} from '../run-record.ts';
import { OBJECTIVES } from '../objective.ts';

/** Whole bytes that a double holds exactly, and no machine has. */
const bytesSchema = z.number().min(0).max(Number.MAX_SAFE_INTEGER);

/** An hour: whatever waits longer for a batch is no server. */
const MAX_DELAY_MS = 3_600_000;

const { batch: batchSchema } = engineConfigSchema.shape;
const configSchema = engineConfigSchema.omit({ provider: true }).extend({
  batch: batchSchema.extend({ maxDelayMs: batchSchema.shape.maxDelayMs.max(MAX_DELAY_MS) }),
});
const metricsSchema = armMetricsSchema.extend({ memoryBytes: bytesSchema });

/** The canonical result of a run, and the source of every export. Paths are relative to the file. */
export const tunedSchema = z.strictObject({
  schema: z.literal('openclaw.tuned/1'),
  model: z.strictObject({ name: z.string(), sha256: z.string(), path: z.string() }),
  /** What the runtime loads: the model itself, or the rewritten one beside this file. */
  artifact: z.strictObject({ path: z.string(), sha256: z.string() }),
  workload: z.strictObject({
    suite: z.string().nullable(),
    data: z.string().nullable(),
    dims: z.record(z.string(), z.int()),
    scenario: z.string(),
    seed: z.int(),
  }),
  runtime: z.strictObject({
    name: z.literal('onnxruntime'),
    /** It stands in commands that people are told to run. */
    version: z.string().regex(/^[\w.+-]+$/, 'not a version'),
  }),
  provider: z.string(),
  host: z.strictObject({
    key: z.string(),
    cpu: z.string(),
    isa: z.array(z.string()),
    cores: z.int().min(1),
    memoryBytes: bytesSchema,
  }),
  config: configSchema,
  objective: z.enum(OBJECTIVES),
  constraints: z.array(constraintSchema),
  metrics: metricsSchema,
  baseline: z.strictObject({ config: configSchema, metrics: metricsSchema }),
  /** Of the shipped config against the default. */
  verdict: z.enum(VERDICTS),
});
export type Tuned = Readonly<z.infer<typeof tunedSchema>>;

/** The tuned.json of a finished run that is to be written at `path`; null when nothing ships. */
export function createTuned(run: RunRecord, path: string): Tuned | null {
  const { outcome } = run;
  if (outcome === null || outcome.kind === 'nothing-feasible') return null;
  const folder = dirname(resolve(path));
  const toFile = (target: string): string => relative(folder, target);
  const { model, data, suite, dims, scenario, seed } = run.workload;
  const { key, cpu, isa, usableCores, memoryBytes } = run.host;
  const { config, metrics } = outcome.shipped;
  const artifact = artifactOf(run.workload, config);
  return {
    schema: 'openclaw.tuned/1',
    model: { name: model.name, sha256: model.sha256, path: toFile(model.path) },
    artifact: { path: toFile(artifactPath(run, path)), sha256: artifact.sha256 },
    workload: {
      suite,
      data: data.kind === 'file' ? toFile(data.path) : null,
      dims,
      scenario,
      seed,
    },
    runtime: { name: 'onnxruntime', version: run.versions.onnxruntime },
    provider: config.provider,
    host: { key, cpu, isa, cores: usableCores, memoryBytes },
    config: withoutProvider(config),
    objective: run.objective,
    constraints: run.constraints,
    metrics,
    baseline: {
      config: withoutProvider(outcome.baseline.config),
      metrics: outcome.baseline.metrics,
    },
    verdict: verdictOf(outcome),
  };
}

/**
 * Where the file that ships lies: the model itself, or a copy of the rewritten
 * one beside tuned.json, since a cache may be emptied.
 */
export function artifactPath(run: RunRecord, tunedPath: string): string {
  const { outcome, workload } = run;
  const shipped = outcome !== null && 'shipped' in outcome ? outcome.shipped.config : null;
  const isModel = shipped === null || (shipped.passes === 'none' && shipped.precision === 'fp32');
  return isModel ? workload.model.path : join(dirname(resolve(tunedPath)), 'model.onnx');
}

function withoutProvider(config: EngineConfig): Tuned['config'] {
  const { provider: _, ...rest } = config;
  return rest;
}

/** The default is equivalent to itself, whatever a candidate was. */
function verdictOf(outcome: Exclude<RunOutcome, { kind: 'nothing-feasible' }>): Tuned['verdict'] {
  return outcome.kind === 'winner' ? outcome.verification.verdict : 'equivalent';
}

/** A tuned.json with its paths made absolute. */
export async function readTuned(path: string): Promise<Tuned> {
  return resolveTuned(await readJsonFile(path, tunedSchema, 'a tuned.json'), path);
}

/** A tuned.json that lies at `path`, with its paths made absolute. */
export function resolveTuned(tuned: Tuned, path: string): Tuned {
  const folder = dirname(resolve(path));
  const { model, artifact, workload } = tuned;
  return {
    ...tuned,
    model: { ...model, path: resolve(folder, model.path) },
    artifact: { ...artifact, path: resolve(folder, artifact.path) },
    workload: {
      ...workload,
      data: workload.data === null ? null : resolve(folder, workload.data),
    },
  };
}

/** The config of a tuned.json as the engine takes it. */
export function tunedConfig(tuned: Tuned): EngineConfig {
  return { ...tuned.config, provider: tuned.provider };
}

/** Throws when the model or its artifact is not the one that was tuned; null: it is gone. */
export function checkTunedFiles(
  tuned: Tuned,
  found: { readonly model: string; readonly artifact: string | null },
  path: string,
): void {
  const changed = (what: string, how: string): UserError =>
    new UserError(`${what} ${how} since ${path} was written`, { remedy: 'tune the model again' });
  if (tuned.model.sha256 !== found.model) throw changed(tuned.model.path, 'has changed');
  if (found.artifact === null) throw changed(tuned.artifact.path, 'is gone');
  if (tuned.artifact.sha256 !== found.artifact) throw changed(tuned.artifact.path, 'has changed');
}
