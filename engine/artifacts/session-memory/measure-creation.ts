import { peakResidentBytes, processMemory, resetPeak } from '../../devices/process-memory.ts';
import type { SystemFiles } from '../../devices/system-files.ts';
import { createSession, loadRuntime } from '../../runtime/binding.ts';
import { defaultEngineConfig, type GraphLevel } from '../../runtime/engine-config.ts';
import { toSessionOptions } from '../../runtime/session-options.ts';

/** Resident bytes. */
export interface CreationMemory {
  /** Beyond those of a process with the runtime loaded, once a session exists. */
  readonly createdBytes: number;
  /** The most while it was created. */
  readonly peakBytes: number;
  /** What one more session of the same file adds. */
  readonly anotherBytes: number;
}

/**
 * What creating sessions of a file takes: the weights, as often as the runtime copies
 * them, what reading and rewriting the graph leaves in the allocator, which depends on the
 * sizes of all tensors and on the C library, and, for the first, the runtime's own code as
 * it is paged in. To be measured in a process that has created no session yet.
 */
export async function measureCreation(
  modelPath: string,
  graphLevel: GraphLevel,
  files: SystemFiles,
): Promise<CreationMemory> {
  await loadRuntime();
  const options = toSessionOptions({ ...defaultEngineConfig(1), spinning: false, graphLevel });
  const before = processMemory(files).bytes;
  resetPeak();
  const sessions = [await createSession(modelPath, options)];
  try {
    const { bytes, sharedBytes } = processMemory(files);
    const peak = Math.max(bytes, peakResidentBytes(files) - sharedBytes);
    sessions.push(await createSession(modelPath, options));
    const both = processMemory(files).bytes;
    return {
      createdBytes: Math.max(0, bytes - before),
      peakBytes: Math.max(0, peak - before),
      anotherBytes: Math.max(0, both - bytes),
    };
  } finally {
    for (const session of sessions) await session.close();
  }
}
