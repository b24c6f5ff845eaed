import { workerData } from 'piscina';
import { createSession, type Session } from './binding.ts';
import { toSharedTensors } from './shared-tensors.ts';
import type { Tensors } from './tensor.ts';
import type { ThreadReplicaMetadata, ThreadReplicaTask } from './thread-replica.ts';

// The worker of a thread replica: one session, one task at a time.
let session: Session | null = null;

export async function open(): Promise<ThreadReplicaMetadata> {
  const { modelPath, options } = workerData as ThreadReplicaTask;
  session = await createSession(modelPath, options);
  return { inputs: session.inputs, outputs: session.outputs };
}

export async function infer(feeds: Tensors): Promise<Tensors> {
  // The worker before this one died with its session.
  if (session === null) await open();
  return toSharedTensors(await (session as unknown as Session).run(feeds));
}

export async function release(): Promise<void> {
  await session?.close();
  session = null;
}
