import { fileURLToPath } from 'node:url';
import { codeOf, UserError } from '../../engine/base/errors.ts';
import { sha256OfFile } from '../../engine/base/files.ts';
import { systemFiles, type SystemFiles } from '../../engine/devices/system-files.ts';
import { runtimeVersion } from '../../engine/runtime/binding.ts';
import type { EngineConfig } from '../../engine/runtime/engine-config.ts';
import { readControlGroup } from '../../hosts/profile/control-group.ts';
import { describeHost } from '../../hosts/this-host.ts';
import { findDrift, type Drift } from './drift.ts';
import { readTuned, tunedConfig, type Tuned } from './tuned.ts';

export interface LoadTunedOptions {
  /** Refuses a machine, a runtime or a model that differs. Default false: it is told. */
  readonly strict?: boolean;
  /** Hears of differences, at least one. Default: a process warning for each. */
  readonly onDrift?: (drift: readonly Drift[]) => void;
  /** The machine's /proc and /sys. Default: this machine's. */
  readonly files?: SystemFiles;
}

export interface LoadedTuned {
  /** For `Engine.open`. */
  readonly artifact: { readonly path: string; readonly sha256: string };
  /** For `Engine.open`. */
  readonly config: EngineConfig;
  /** The whole file, its paths absolute. */
  readonly tuned: Tuned;
  /** How this place differs from the one that was tuned on. */
  readonly drift: readonly Drift[];
}

/**
 * Reads a tuned.json and checks that it was meant for here. Throws UserError for a file
 * that is none, for an artifact that is absent or another than the one that was tuned,
 * and, if strict, for any difference of the model, the runtime or the machine. Reads the
 * artifact once, and the model where it is another file that is there.
 */
export async function loadTuned(
  path: string | URL,
  options: LoadTunedOptions = {},
): Promise<LoadedTuned> {
  const file = typeof path === 'string' ? path : fileURLToPath(path);
  const tuned = await readTuned(file);
  const found = await digestOf(tuned.artifact.path);
  if (found !== tuned.artifact.sha256) throw wrongArtifact(tuned, found, file);
  const drift = await driftHere(tuned, options.files ?? systemFiles());
  if (drift.length > 0) {
    if (options.strict === true) throw refusal(file, drift);
    (options.onDrift ?? warn)(drift);
  }
  return { artifact: tuned.artifact, config: tunedConfig(tuned), tuned, drift };
}

async function driftHere(tuned: Tuned, files: SystemFiles): Promise<Drift[]> {
  const { cpu, isa, usableCores, memoryBytes } = describeHost(files);
  const limit = readControlGroup(files).memoryLimitBytes;
  const isArtifact = tuned.model.path === tuned.artifact.path;
  return findDrift(tuned, {
    modelSha256: isArtifact ? tuned.artifact.sha256 : await digestOf(tuned.model.path),
    runtimeVersion: runtimeVersion(),
    cpu,
    isa,
    cores: usableCores,
    memoryBytes,
    memoryLimitBytes: limit.state === 'known' ? limit.value : null,
  });
}

/** Null where there is no such file. */
async function digestOf(path: string): Promise<string | null> {
  try {
    return await sha256OfFile(path);
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return null;
    throw thrown;
  }
}

function wrongArtifact({ artifact }: Tuned, found: string | null, file: string): UserError {
  const how = found === null ? 'is not there' : `has the SHA-256 ${found}, not ${artifact.sha256}`;
  return new UserError(`${file} was tuned for ${artifact.path}, which ${how}`, {
    remedy: 'restore the file, or tune the model again',
  });
}

function refusal(file: string, drift: readonly Drift[]): UserError {
  const differences = drift.map(({ text }) => `  ${text}`).join('\n');
  return new UserError(`${file} was tuned for something else:\n${differences}`, {
    remedy: 'tune here, or leave strict out to run with a warning',
  });
}

function warn(drift: readonly Drift[]): void {
  for (const { text } of drift) {
    process.emitWarning(`tuned for something else: ${text}`, { code: 'OPENCLAW_DRIFT' });
  }
}
