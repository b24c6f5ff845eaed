import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSession } from '../../../../engine/runtime/binding.ts';
import { serveChildTask } from '../../../../engine/runtime/child-task.ts';
import { defaultEngineConfig } from '../../../../engine/runtime/engine-config.ts';
import { toSessionOptions } from '../../../../engine/runtime/session-options.ts';
import type { Tensors } from '../../../../engine/runtime/tensor.ts';

export interface RunModelsJob {
  readonly models: readonly Uint8Array[];
  readonly feeds: Tensors;
}

export interface RunModelsReply {
  readonly kind: 'ran';
  /** Outputs, or null where the runtime refused the model or the run. */
  readonly outputs: readonly (Tensors | null)[];
}

// Runs models one after the other; a hostile one may end the process, which the
// progress messages then tell from.
serveChildTask(async (message, onProgress): Promise<RunModelsReply> => {
  const { models, feeds } = message as RunModelsJob;
  const folder = await mkdtemp(join(tmpdir(), 'claw-fuzz-'));
  const outputs: (Tensors | null)[] = [];
  try {
    for (const [index, model] of models.entries()) {
      onProgress(String(index));
      outputs.push(await tryModel(join(folder, 'model.onnx'), model, feeds));
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return { kind: 'ran', outputs };
});

async function tryModel(path: string, model: Uint8Array, feeds: Tensors): Promise<Tensors | null> {
  await writeFile(path, model);
  const config = { ...defaultEngineConfig(1), spinning: false, graphLevel: 'disabled' } as const;
  try {
    const session = await createSession(path, { ...toSessionOptions(config), logSeverityLevel: 4 });
    try {
      return await session.run(feeds);
    } finally {
      await session.close();
    }
  } catch {
    return null;
  }
}
