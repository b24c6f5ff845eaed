import { createSession, type Session } from './binding.ts';
import { toSharedTensors } from './shared-tensors.ts';
import type { Tensors } from './tensor.ts';
import type { ThreadReplicaMetadata, ThreadReplicaTask } from './thread-replica.ts';

// The worker of a thread replica: one session, one task at a time.
let session: Session | null = null;

export async function open(task: ThreadReplicaTask): Promise<ThreadReplicaMetadata> {
  session = await createSession(task.modelPath, task.options);
  return { inputs: session.inputs, outputs: session.outputs };
}

export async function infer(feeds: Tensors): Promise<Tensors> {
  if (session === null) throw new Error('the replica has no session');
  return toSharedTensors(await session.run(feeds));
}

export async function release(): Promise<void> {
  await session?.close();
  session = null;
}
