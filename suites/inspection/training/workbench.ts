import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../../../engine/base/files.ts';
import type { OnnxModel } from '../../../engine/graph/model.ts';
import { writeModel } from '../../../engine/graph/write.ts';
import { createSession, type Session } from '../../../engine/runtime/binding.ts';
import { defaultEngineConfig } from '../../../engine/runtime/engine-config.ts';
import { toSessionOptions } from '../../../engine/runtime/session-options.ts';

/** Where and until when weights are made. */
export interface Workbench {
  /** For models that exist only while weights are made; must be a path of our own. */
  readonly folder: string;
  /** Checked between runs of the runtime. */
  readonly signal: AbortSignal;
}

/**
 * Fixed rather than the number of cores: the same sums everywhere. On one core
 * it costs little, because waiting threads sleep.
 */
const THREADS = 2;

/** Runs `use` with a session of the model, which is closed afterwards. */
export async function withSession<T>(
  bench: Workbench,
  model: OnnxModel,
  use: (session: Session) => Promise<T>,
): Promise<T> {
  await makeFolder(bench.folder);
  const path = join(bench.folder, 'model.onnx');
  await writeFile(path, writeModel(model));
  const options = toSessionOptions({ ...defaultEngineConfig(THREADS), spinning: false });
  const session = await createSession(path, options);
  // The runtime has read the weights; the next model takes the same name.
  await rm(path);
  try {
    return await use(session);
  } finally {
    await session.close();
  }
}
