import { Piscina } from 'piscina';
import { expect, test } from 'vitest';
import { defaultEngineConfig } from '../../../engine/runtime/engine-config.ts';
import { toSessionOptions } from '../../../engine/runtime/session-options.ts';
import type { Tensors } from '../../../engine/runtime/tensor.ts';
import type { ThreadReplicaTask } from '../../../engine/runtime/thread-replica.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { writeIdentityModel } from './replica-models.ts';

test('a worker that follows one which died with its session opens its own for the next request', async () => {
  const x = { type: 'float32', dims: [2], data: Float32Array.of(1, 2) } as const;
  const task: ThreadReplicaTask = {
    modelPath: writeIdentityModel(temporaryFolder(), x),
    options: toSessionOptions({ ...defaultEngineConfig(1), spinning: false }),
  };
  const worker = new URL('../../../engine/runtime/thread-replica-worker.ts', import.meta.url);
  const pool = new Piscina({ filename: worker.href, maxThreads: 1, workerData: task });
  try {
    // Nobody asked this one to open.
    const outputs = (await pool.run({ x }, { name: 'infer' })) as Tensors;
    expect(outputs['y']?.data).toEqual(Float32Array.of(1, 2));
  } finally {
    await pool.run(null, { name: 'release' });
    await pool.destroy();
  }
});
