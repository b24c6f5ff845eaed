import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFolder, writeError, writeFileAtomic } from '../engine/base/files.ts';
import { defaultEngineConfig } from '../engine/runtime/engine-config.ts';
import { ageText, noiseRecordSchema, type NoiseRecord } from '../suites/comparison/noise-floor.ts';
import { measureNoise, type NoiseOptions } from '../suites/noise/measure-noise.ts';
import { prepareNoiseProbe } from '../suites/noise/probe-model.ts';
import { toArm, type Arm } from '../tuner/arm.ts';
import { machine, thisHost } from './measuring.ts';
import { recordedTrial } from './recorded-trial.ts';
import { storePaths } from './store-folder.ts';

/** A floor older than this is measured again: machines get neighbours and upgrades. */
const MAX_AGE_MS = 7 * 24 * 3600 * 1000;
const TIMEOUT_MS = 60_000;

interface NoiseContext {
  readonly store: string;
  readonly signal: AbortSignal;
  readonly onProgress: (message: string) => void;
}

/** This host's noise floor: the kept one while it is young, else measured now. */
export async function hostNoise(context: NoiseContext): Promise<NoiseRecord> {
  const kept = await keptNoise(context.store);
  if (kept !== null && ageMs(kept) < MAX_AGE_MS) return kept;
  return measureHostNoise(context);
}

/** Measures the floor and keeps it. */
export async function measureHostNoise(context: NoiseContext): Promise<NoiseRecord> {
  const { store, signal, onProgress } = context;
  await makeNoiseFolder(store);
  const host = thisHost();
  const arm = toArm(defaultEngineConfig(host.usableCores));
  const probe = await prepareNoiseProbe(storePaths(store).cache);
  const measuredAt = machine.clock.date().toISOString();
  onProgress("measuring this host's noise: the same thing against itself, about 20 s");
  const noise = await measureNoise({
    probe,
    config: arm.config,
    seed: 1,
    hostKey: host.key,
    measuredAt,
    onBlock: (done, of) => onProgress(`measuring this host's noise, block ${done} of ${of}`),
    measure: measureUnkept(arm, signal),
  });
  await writeFileAtomic(noisePath(store), `${JSON.stringify(noise, null, 2)}\n`);
  return noise;
}

/** Of these trials only the floor is kept: their records stand in no store. */
function measureUnkept(arm: Arm, signal: AbortSignal): NoiseOptions['measure'] {
  let sequence = -1;
  return async (spec, trial) => {
    sequence += 1;
    const purpose = { kind: 'compare', ...trial } as const;
    const place = { runId: 'noise', sequence, purpose, armKey: arm.key };
    return (await recordedTrial(place, spec, { timeoutMs: TIMEOUT_MS, signal })).record;
  };
}

/** Before 20 s go into a figure that could not be kept. */
async function makeNoiseFolder(store: string): Promise<void> {
  try {
    await makeFolder(dirname(noisePath(store)));
  } catch (thrown) {
    throw writeError(store, thrown);
  }
}

/** The kept floor of this host; null when there is none that can be read. */
export async function keptNoise(store: string): Promise<NoiseRecord | null> {
  const text = await readFile(noisePath(store), 'utf8').catch(() => null);
  if (text === null) return null;
  try {
    return noiseRecordSchema.parse(JSON.parse(text));
  } catch {
    // Damaged, or of another version: it is measured again.
    return null;
  }
}

export function noiseAge(noise: NoiseRecord): string {
  return ageText(noise.measuredAt, machine.clock.date().getTime());
}

function ageMs(noise: NoiseRecord): number {
  return machine.clock.date().getTime() - Date.parse(noise.measuredAt);
}

function noisePath(store: string): string {
  return join(store, 'noise', `${thisHost().key}.json`);
}
