import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeModel } from '../graph/describe.ts';
import { readModelFile } from '../graph/read.ts';
import { createSession } from '../runtime/binding.ts';
import { defaultEngineConfig, type GraphLevel } from '../runtime/engine-config.ts';
import { toSessionOptions } from '../runtime/session-options.ts';

/** Nodes that the runtime runs after its own optimizations of a level. */
export async function countAfterRuntime(path: string, graphLevel: GraphLevel): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'claw-count-'));
  try {
    const optimizedModelFilePath = join(folder, 'model.onnx');
    const options = toSessionOptions({ ...defaultEngineConfig(1), graphLevel });
    const session = await createSession(path, { ...options, optimizedModelFilePath });
    await session.close();
    return describeModel(await readModelFile(optimizedModelFilePath)).nodeCount;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
