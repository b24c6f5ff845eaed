import { createSession } from './binding.ts';
import { createReplica, type Replica, type ReplicaOptions } from './replica.ts';
import { toSessionOptions } from './session-options.ts';

/** A session in the caller's own thread: no overhead, but an inference stops its event loop. */
export async function openInlineReplica(options: ReplicaOptions): Promise<Replica> {
  const session = await createSession(options.modelPath, toSessionOptions(options.config));
  return createReplica({
    inputs: session.inputs,
    outputs: session.outputs,
    run: (feeds) => session.run(feeds),
    release: () => session.close(),
  });
}
