import type { z } from 'zod';
import { processMemory } from '../../engine/devices/process-memory.ts';
import { systemFiles } from '../../engine/devices/system-files.ts';
import { loadLibC } from '../../engine/memory/libc.ts';
import { loadRuntime } from '../../engine/runtime/binding.ts';
import { serveChildTask } from '../../engine/runtime/child-task.ts';
import type { replicaBaselineSchema } from './replica-baseline.ts';
// What a replica's program loads, so that this process is as large.
import '../../engine/runtime/process/served-session.ts';

serveChildTask(async () => {
  loadLibC();
  await loadRuntime();
  const { privateBytes } = processMemory(systemFiles());
  return { privateBytes } satisfies z.infer<typeof replicaBaselineSchema>;
});
