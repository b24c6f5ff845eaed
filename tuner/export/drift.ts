import { formatBytes } from '../../engine/base/units.ts';
import type { Tuned } from './tuned.ts';

/** A respect in which a machine is not the one that was tuned on. */
export interface Drift {
  readonly field: 'model' | 'runtime' | 'cpu' | 'isa' | 'cores' | 'memory' | 'memory-limit';
  /** The difference, for people: what was tuned for, and what is here. */
  readonly text: string;
}

/** What a tuned.json is compared with. */
export interface FoundPlace {
  /** SHA-256 of the model that the artifact was made of; null where it is not there. */
  readonly modelSha256: string | null;
  readonly runtimeVersion: string;
  readonly cpu: string;
  readonly isa: readonly string[];
  readonly cores: number;
  readonly memoryBytes: number;
  /** Of the control group; null without one. */
  readonly memoryLimitBytes: number | null;
}

/**
 * Every difference that can change the figures, or break the run; empty where there is
 * none. An absent model is none: the artifact is what runs.
 */
export function findDrift(tuned: Tuned, found: FoundPlace): Drift[] {
  const { model, runtime, host } = tuned;
  return [
    ...difference('model', found.modelSha256 ?? model.sha256, model.sha256, 'the model'),
    ...difference('runtime', found.runtimeVersion, runtime.version, 'ONNX Runtime'),
    ...difference('cpu', found.cpu, host.cpu, 'the processor'),
    ...isaDrift(found.isa, host.isa),
    ...difference('cores', found.cores, host.cores, 'the number of usable cores'),
    ...memoryDrift(tuned, found),
  ];
}

function difference(
  field: Drift['field'],
  here: string | number,
  tunedFor: string | number,
  what: string,
): Drift[] {
  return here === tunedFor ? [] : [{ field, text: `${what}: tuned for ${tunedFor}, here ${here}` }];
}

function isaDrift(here: readonly string[], tunedFor: readonly string[]): Drift[] {
  const missing = tunedFor.filter((name) => !here.includes(name));
  const added = here.filter((name) => !tunedFor.includes(name));
  if (missing.length === 0 && added.length === 0) return [];
  const parts = [
    ...(missing.length === 0 ? [] : [`${missing.join(' ')} missing here`]),
    ...(added.length === 0 ? [] : [`${added.join(' ')} here and not there`]),
  ];
  return [{ field: 'isa', text: `the instruction sets: ${parts.join(', ')}` }];
}

/** Firmware reserves a varying few MiB: memory is compared in whole GiB. */
function memoryDrift({ host, metrics }: Tuned, found: FoundPlace): Drift[] {
  const isOther = gib(found.memoryBytes) !== gib(host.memoryBytes);
  const limit = found.memoryLimitBytes;
  const isTight = limit !== null && limit < metrics.memoryBytes;
  const sizes = `tuned for ${formatBytes(host.memoryBytes)}, here ${formatBytes(found.memoryBytes)}`;
  const tight = `the memory limit of ${formatBytes(limit ?? 0)} is below the measured peak of ${formatBytes(metrics.memoryBytes)}`;
  return [
    ...(isOther ? [{ field: 'memory', text: `the memory: ${sizes}` } as const] : []),
    ...(isTight ? [{ field: 'memory-limit', text: tight } as const] : []),
  ];
}

function gib(bytes: number): number {
  return Math.round(bytes / 2 ** 30);
}
