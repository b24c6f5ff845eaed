import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peakResidentBytes, processMemory, resetPeak } from '../../devices/process-memory.ts';
import type { SystemFiles } from '../../devices/system-files.ts';
import { ModelBuilder } from '../../graph/builder.ts';
import { writeModel } from '../../graph/write.ts';
import { createSession, loadRuntime, type Session } from '../../runtime/binding.ts';
import { defaultEngineConfig, type GraphLevel } from '../../runtime/engine-config.ts';
import { toSessionOptions } from '../../runtime/session-options.ts';

/** Resident bytes beyond those of a process with the runtime loaded. */
export interface CreationMemory {
  /** Once the session exists. */
  readonly createdBytes: number;
  /** The most while it was created. */
  readonly peakBytes: number;
  /** Of both, what the first session of any model brings: code, and tables of operators. */
  readonly sharedBytes: number;
}

/**
 * What creating a session of a file takes: the weights, as often as the runtime copies
 * them, and what reading and rewriting the graph leaves in the allocator, which depends on
 * the sizes of all tensors and on the C library. To be measured in a process that has
 * created no session yet: others would have left memory to it.
 */
export async function measureCreation(
  modelPath: string,
  graphLevel: GraphLevel,
  files: SystemFiles,
): Promise<CreationMemory> {
  await loadRuntime();
  const before = processMemory(files).bytes;
  const sessions = [await createEmptySession()];
  try {
    const sharedBytes = Math.max(0, processMemory(files).bytes - before);
    resetPeak();
    const options = toSessionOptions({ ...defaultEngineConfig(1), spinning: false, graphLevel });
    sessions.push(await createSession(modelPath, options));
    const now = processMemory(files);
    const peakBytes = Math.max(now.bytes, peakResidentBytes(files) - now.sharedBytes) - before;
    return { createdBytes: Math.max(0, now.bytes - before), peakBytes, sharedBytes };
  } finally {
    for (const session of sessions) await session.close();
  }
}

/** Of the least model that there is. */
async function createEmptySession(): Promise<Session> {
  const builder = new ModelBuilder({ name: 'empty', opset: 17 });
  builder.node('Identity', [builder.input('x', 'float32', [1])], { outputs: ['y'] });
  builder.output('y', 'float32', [1]);
  const folder = await mkdtemp(join(tmpdir(), 'claw-empty-'));
  try {
    const path = join(folder, 'empty.onnx');
    await writeFile(path, writeModel(builder.build()));
    return await createSession(path, toSessionOptions(defaultEngineConfig(1)));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
