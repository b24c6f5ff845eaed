import {
  cachedSessionFacts,
  type SessionObservation,
} from '../engine/artifacts/session-memory/observe-session.ts';
import { messageOf } from '../engine/base/errors.ts';
import { describeCpu } from '../engine/devices/cpu.ts';
import { systemFiles } from '../engine/devices/system-files.ts';
import type { GraphLevel } from '../engine/runtime/engine-config.ts';
import { openDataset } from './data/dataset.ts';
import type { WorkloadArtifact } from './workload-record.ts';

export interface ObserveOptions {
  readonly datasetFolder: string;
  readonly batch: 'free' | number;
  readonly graphLevels: readonly GraphLevel[];
  readonly cacheFolder: string;
  readonly signal: AbortSignal;
  readonly onProgress: (message: string) => void;
}

const TIMEOUT_MS = 300_000;
/** Two batches from which all others follow. */
const FREE_BATCHES = [1, 2] as const;

/**
 * Adds to each artifact what the memory of its sessions follows from, at each level, each
 * observed in a process of its own, or from the cache. What cannot be observed stays
 * without, with a note: its arms are tried whatever the memory.
 */
export async function observeArtifacts(
  artifacts: readonly WorkloadArtifact[],
  options: ObserveOptions,
): Promise<{ readonly artifacts: WorkloadArtifact[]; readonly notes: string[] }> {
  if (options.graphLevels.length === 0) return { artifacts: [...artifacts], notes: [] };
  const requests = await readRequests(options);
  const notes: string[] = [];
  const observed: WorkloadArtifact[] = [];
  for (const artifact of artifacts) {
    const sessions: NonNullable<WorkloadArtifact['sessions']> = [];
    for (const graphLevel of options.graphLevels) {
      const what = `${artifact.precision} with the passes '${artifact.passes}' at level ${graphLevel}`;
      options.onProgress(`observing the memory of ${what}`);
      try {
        const observation = { modelPath: artifact.path, graphLevel, requests };
        sessions.push({ graphLevel, facts: await factsOf(observation, options) });
      } catch (thrown) {
        options.signal.throwIfAborted();
        notes.push(`the memory of ${what} is not known before it is tried: ${messageOf(thrown)}`);
      }
    }
    observed.push({ ...artifact, sessions });
  }
  return { artifacts: observed, notes };
}

function factsOf(
  observation: SessionObservation,
  { cacheFolder, signal }: ObserveOptions,
): ReturnType<typeof cachedSessionFacts> {
  const { model, isa } = describeCpu(systemFiles());
  const cpu = [model, ...isa].join(' ');
  return cachedSessionFacts(observation, { cacheFolder, signal, timeoutMs: TIMEOUT_MS, cpu });
}

async function readRequests({
  datasetFolder,
  batch,
}: ObserveOptions): Promise<SessionObservation['requests']> {
  const dataset = await openDataset(datasetFolder);
  try {
    const request = async (rows: number): Promise<SessionObservation['requests'][0]> => ({
      batch: rows,
      feeds: await dataset.read(0, rows),
    });
    if (batch !== 'free') return [await request(batch)];
    const [one, two] = FREE_BATCHES;
    return [await request(one), await request(two)];
  } finally {
    await dataset.close();
  }
}
