import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EvaluatedTensor, Evaluator } from '../graph/passes/pass.ts';
import { writeModel } from '../graph/write.ts';
import { createSession } from '../runtime/binding.ts';
import { defaultEngineConfig } from '../runtime/engine-config.ts';
import { toSessionOptions } from '../runtime/session-options.ts';

/**
 * Computes constants in the runtime, without its own optimizations and on one
 * thread, so that the same model gives the same bits each time. Only number
 * outputs are given; texts are left out.
 */
export const runtimeEvaluator: Evaluator = async (model) => {
  const folder = await mkdtemp(join(tmpdir(), 'claw-fold-'));
  try {
    const path = join(folder, 'constants.onnx');
    await writeFile(path, writeModel(model));
    const config = { ...defaultEngineConfig(1), spinning: false, graphLevel: 'disabled' } as const;
    const session = await createSession(path, toSessionOptions(config));
    try {
      return toEvaluated(await session.run({}));
    } finally {
      await session.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

function toEvaluated(
  outputs: Awaited<ReturnType<Awaited<ReturnType<typeof createSession>>['run']>>,
): ReadonlyMap<string, EvaluatedTensor> {
  const evaluated = new Map<string, EvaluatedTensor>();
  for (const [name, { type, dims, data }] of Object.entries(outputs)) {
    if (ArrayBuffer.isView(data)) evaluated.set(name, { type, dims, data });
  }
  return evaluated;
}
