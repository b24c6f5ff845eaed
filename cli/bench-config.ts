import { messageOf, UsageError, UserError } from '../engine/base/errors.ts';
import { sha256OfFile } from '../engine/base/files.ts';
import { PRECISIONS, type EngineConfig } from '../engine/runtime/engine-config.ts';
import { validateEngineConfig } from '../engine/runtime/session-options.ts';
import type { WorkloadArtifact, WorkloadRecord } from '../suites/workload-record.ts';
import { checkTunedFiles, tunedConfig, type Tuned } from '../tuner/export/tuned.ts';
import { setKnobs } from '../tuner/set-knobs.ts';
import type { VariantPrecision } from '../suites/quantization/build-variants.ts';
import { canonicalConfig, toArm, withoutDelay, type Arm } from '../tuner/arm.ts';
import { defaultSpace } from '../tuner/space.ts';
import type { ConfigSource } from './bench-plan.ts';
import { thisHost } from './measuring.ts';

/** The pipelines of passes that must be built for some configurations. */
export function neededPipelines(sources: readonly (ConfigSource | null)[]): ('clean' | 'all')[] {
  const passes = sources.map(passesOf);
  return (['clean', 'all'] as const).filter((pipeline) => passes.includes(pipeline));
}

function passesOf(source: ConfigSource | null): string | undefined {
  if (source?.kind === 'set') return lastSet(source.texts, 'passes');
  return source?.kind === 'file' ? source.changes.passes : undefined;
}

/** What a knob is set to in the end: other knobs may be set after it. */
function lastSet(texts: readonly string[], knob: string): string | undefined {
  return texts.findLast((text) => text.startsWith(`${knob}=`))?.slice(knob.length + 1);
}

/** The precisions that must be made for some configurations. */
export function neededPrecisions(sources: readonly (ConfigSource | null)[]): VariantPrecision[] {
  const asked = sources.map(precisionOf);
  return PRECISIONS.filter((one) => one !== 'fp32' && asked.includes(one)) as VariantPrecision[];
}

function precisionOf(source: ConfigSource | null): string | undefined {
  if (source?.kind === 'set') return lastSet(source.texts, 'precision');
  return source?.kind === 'file' ? source.changes.precision : undefined;
}

/**
 * The arm that a source means for a workload. Throws when it cannot be run there.
 * Where every request fills its batch, a delay means nothing.
 */
export function resolveConfig(
  source: ConfigSource,
  workload: WorkloadRecord,
  { fullBatches }: { readonly fullBatches: boolean },
): Arm {
  const given = configOf(source, workload);
  const config = fullBatches ? withoutDelay(given) : given;
  if (workload.batch !== 'free' && config.batch.maxSize !== workload.batch) {
    throw new UsageError(
      `batch.maxSize ${config.batch.maxSize}: the model fixes its batch to ${workload.batch}`,
      { remedy: `leave batch.maxSize out, or make it ${workload.batch}` },
    );
  }
  const { precision, passes } = config;
  if (!workload.artifacts.some((one) => one.precision === precision && one.passes === passes)) {
    throw absentArtifact(config, workload.notes);
  }
  return toArm(config);
}

/** It was asked for, but left out, with a note where it could not be had. */
function absentArtifact({ precision, passes }: EngineConfig, notes: readonly string[]): UserError {
  const [start, what, knob] =
    precision === 'fp32'
      ? [`the passes '${passes}' `, 'change nothing in this model that fewer would not', 'passes']
      : [`${precision} `, 'cannot be had of this model', 'precision'];
  const note = notes.find((text) => text.startsWith(start) && text.includes('left out'));
  return new UsageError(note ?? `${start}${what}`, { remedy: `leave ${knob} out` });
}

function configOf(source: ConfigSource, workload: WorkloadRecord): EngineConfig {
  const { batch } = workload;
  const { config } = defaultSpace(thisHost().usableCores, { batch, passes: ['none'] }).defaultArm;
  switch (source.kind) {
    case 'default':
      return config;
    case 'tuned':
      return tunedConfig(source.tuned);
    case 'set':
      return setKnobs(config, source.texts);
    case 'file': {
      const { batch: changed, ...rest } = source.changes;
      const merged = canonicalConfig({
        ...config,
        ...withoutUndefined(rest),
        batch: { ...config.batch, ...withoutUndefined(changed ?? {}) },
      });
      try {
        validateEngineConfig(merged);
      } catch (thrown) {
        throw new UserError(`${source.path}: ${messageOf(thrown)}`, {
          ...(thrown instanceof UserError &&
            thrown.remedy !== undefined && { remedy: thrown.remedy }),
          cause: thrown,
        });
      }
      return merged;
    }
  }
}

/** A schema's optional field may be there and undefined; spread over another it would erase it. */
function withoutUndefined<T extends object>(
  fields: T,
): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]: Exclude<T[Key], undefined>;
  };
}

/** The workload that runs the very files that were tuned. */
export async function withTunedArtifacts(
  workload: WorkloadRecord,
  sources: readonly (ConfigSource | null)[],
): Promise<WorkloadRecord> {
  let artifacts = workload.artifacts;
  const notes: string[] = [];
  for (const source of sources) {
    if (source?.kind !== 'tuned') continue;
    const { artifact, config } = source.tuned;
    const sha256 = await sha256OfFile(artifact.path).catch(() => null);
    checkTunedFiles(source.tuned, { model: workload.model.sha256, artifact: sha256 }, source.path);
    const { precision, passes } = config;
    const own: WorkloadArtifact = {
      precision,
      passes,
      path: artifact.path,
      sha256: artifact.sha256,
      nodes: 0,
      // What was tuned computes what the model does, but for its precision.
      golden: precision === 'fp32' ? (artifacts[0]?.golden ?? null) : null,
      variant: null,
    };
    const isOther = (one: WorkloadArtifact): boolean =>
      one.passes !== passes || one.precision !== precision;
    artifacts = [...artifacts.filter(isOther), own];
    notes.push(...otherInstructions(source.tuned));
  }
  return { ...workload, artifacts, notes: [...workload.notes, ...notes] };
}

/**
 * An integer model is made for the instructions of a CPU: on others it may be slower,
 * and without dot products its 8-bit weights may saturate.
 */
function otherInstructions({ config, host }: Tuned): string[] {
  if (config.precision === 'fp32' || config.precision === 'fp16') return [];
  const here = thisHost();
  const missing = host.isa.filter((name) => !here.isa.includes(name));
  if (missing.length === 0) return [];
  return [
    `warning: this ${config.precision} model was tuned on ${host.cpu}, which has ${missing.join(', ')}; this CPU has not: it may be slower or less accurate here, so tune it again`,
  ];
}
