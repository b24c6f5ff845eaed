import { z } from 'zod';
import { parseAs } from '../../../engine/base/json.ts';
import { processMemory } from '../../../engine/devices/process-memory.ts';
import { systemFiles } from '../../../engine/devices/system-files.ts';
import { createSession } from '../../../engine/runtime/binding.ts';
import { serveChildTask } from '../../../engine/runtime/child-task.ts';
import { defaultEngineConfig } from '../../../engine/runtime/engine-config.ts';
import { toSessionOptions } from '../../../engine/runtime/session-options.ts';

const taskSchema = z.strictObject({
  modelPath: z.string(),
  input: z.strictObject({ name: z.string(), dims: z.array(z.number()) }),
  batch: z.int(),
  memPattern: z.boolean(),
  /** The first run traces, the second takes the pattern's block, the third changes nothing. */
  runs: z.int(),
});

// How much a session with an arena grows by its runs, feeds aside: what runs make resident.
serveChildTask(async (message) => {
  const { modelPath, input, batch, memPattern, runs } = parseAs(
    message,
    taskSchema,
    'a wrong task',
  );
  const files = systemFiles();
  const config = { ...defaultEngineConfig(1), spinning: false, memPattern };
  const session = await createSession(modelPath, toSessionOptions(config));
  const dims = [batch, ...input.dims];
  const data = new Float32Array(dims.reduce((product, dim) => product * dim, 1)).fill(0.5);
  const before = processMemory(files).bytes;
  for (let run = 0; run < runs; run += 1) {
    await session.run({ [input.name]: { type: 'float32', dims, data } });
  }
  const grownBytes = processMemory(files).bytes - before;
  await session.close();
  return { grownBytes };
});
