import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSession } from '../../../engine/runtime/binding.ts';
import { defaultEngineConfig } from '../../../engine/runtime/engine-config.ts';
import { toSessionOptions } from '../../../engine/runtime/session-options.ts';
import type { Tensors } from '../../../engine/runtime/tensor.ts';

/** Outputs of a serialized model in the runtime, with one thread. */
export async function runModel(bytes: Uint8Array, feeds: Tensors): Promise<Tensors> {
  const folder = await mkdtemp(join(tmpdir(), 'claw-graph-'));
  try {
    const path = join(folder, 'model.onnx');
    await writeFile(path, bytes);
    const session = await createSession(path, toSessionOptions(defaultEngineConfig(1)));
    try {
      return await session.run(feeds);
    } finally {
      await session.close();
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}
