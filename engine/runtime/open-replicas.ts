import type { Artifact } from './artifact.ts';
import type { EngineConfig } from './engine-config.ts';
import { openInlineReplica } from './inline-replica.ts';
import { openProcessReplica, type ProcessReplicaOptions } from './process-replica.ts';
import type { Replica } from './replica.ts';
import { openThreadReplica } from './thread-replica.ts';

export interface OpenReplicasOptions extends Pick<
  ProcessReplicaOptions,
  'restart' | 'maxArenaBytes' | 'startTimeoutMs' | 'signal'
> {
  readonly artifact: Artifact;
  readonly config: EngineConfig;
}

/**
 * Opens every replica of a config, one after the other: creating sessions at once would
 * double the peak memory. Throws UserError for a model that cannot be loaded, and the
 * signal's reason; whatever was opened by then is closed. A session that is being created
 * in this process cannot be interrupted: the signal is heard after it.
 */
export async function openReplicas(options: OpenReplicasOptions): Promise<[Replica, ...Replica[]]> {
  const replicas: Replica[] = [];
  try {
    const first = await openNext(options, replicas);
    while (replicas.length < options.config.replicas) await openNext(options, replicas);
    return [first, ...replicas.slice(1)];
  } catch (thrown) {
    // Why it could not be opened says more than why one could not be closed.
    await Promise.allSettled(replicas.map((replica) => replica.close()));
    throw thrown;
  }
}

async function openNext(options: OpenReplicasOptions, replicas: Replica[]): Promise<Replica> {
  options.signal?.throwIfAborted();
  await options.artifact.verify();
  const replica = await openReplica(options);
  replicas.push(replica);
  options.signal?.throwIfAborted();
  return replica;
}

function openReplica({ artifact, ...options }: OpenReplicasOptions): Promise<Replica> {
  const { path: modelPath } = artifact;
  switch (options.config.isolation) {
    case 'inline':
      return openInlineReplica({ modelPath, config: options.config });
    case 'thread':
      return openThreadReplica({ modelPath, config: options.config });
    case 'process':
      return openProcessReplica({
        ...options,
        modelPath,
        verifyModel: () => artifact.verify(),
      });
  }
}
