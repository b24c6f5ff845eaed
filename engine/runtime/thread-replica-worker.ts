import { workerData } from 'piscina';
import { createSession, type Session } from './binding.ts';
import { toSharedTensors } from './shared-tensors.ts';
import type { Tensors } from './tensor.ts';
import type { ThreadReplicaMetadata, ThreadReplicaTask } from './thread-replica.ts';

// The worker of a thread replica: one session, one task at a time.
let session: Session | null = null;

export async function open(): Promise<ThreadReplicaMetadata> {
  session = await createOwnSession();
  return { inputs: session.inputs, outputs: session.outputs };
}

function createOwnSession(): Promise<Session> {
  const { modelPath, options } = workerData as ThreadReplicaTask;
  return createSession(modelPath, options);
}

export async function infer(feeds: Tensors): Promise<Tensors> {
  // Null: the worker before this one died with its session.
  session ??= await createOwnSession();
  return toSharedTensors(await session.run(feeds));
}

export async function release(): Promise<void> {
  await session?.close();
  session = null;
}
