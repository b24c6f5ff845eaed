import { Piscina } from 'piscina';
import { siblingModule } from '../base/sibling-module.ts';
import type { ValueInfo } from './binding.ts';
import type { Replica, ReplicaOptions } from './replica.ts';
import { toSessionOptions, type SessionOptions } from './session-options.ts';
import { toSharedTensors } from './shared-tensors.ts';
import type { Tensors } from './tensor.ts';

/** What the worker is told when it opens. */
export interface ThreadReplicaTask {
  readonly modelPath: string;
  readonly options: SessionOptions;
}

/** What the worker says of its session. */
export interface ThreadReplicaMetadata {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
}

/**
 * A session in a worker thread of its own. Tensors cross in shared memory:
 * feeds that already lie there are not copied.
 *
 * The worker is never terminated while it infers, which would abort the whole
 * process: `close` drains it and releases its session first.
 */
export async function openThreadReplica(options: ReplicaOptions): Promise<Replica> {
  const pool = new Piscina({
    filename: siblingModule(import.meta.url, './thread-replica-worker').href,
    minThreads: 1,
    maxThreads: 1,
    concurrentTasksPerWorker: 1,
    // Waiting on an atomic between tasks wakes faster than the event loop does.
    atomics: 'sync',
    recordTiming: false,
  });
  const task: ThreadReplicaTask = {
    modelPath: options.modelPath,
    options: toSessionOptions(options.config),
  };
  let metadata: ThreadReplicaMetadata;
  try {
    metadata = (await pool.run(task, { name: 'open' })) as ThreadReplicaMetadata;
  } catch (thrown) {
    await pool.close();
    throw thrown;
  }
  return createReplica(pool, metadata);
}

function createReplica(pool: Piscina, metadata: ThreadReplicaMetadata): Replica {
  let last: Promise<unknown> = Promise.resolve();
  let closed: Promise<void> | null = null;
  return {
    ...metadata,
    run: async (feeds) => {
      const answer = pool.run(toSharedTensors(feeds), { name: 'infer' }) as Promise<Tensors>;
      last = answer.catch(() => undefined);
      return answer;
    },
    close: () => (closed ??= drainAndRelease(pool, () => last)),
  };
}

async function drainAndRelease(pool: Piscina, last: () => Promise<unknown>): Promise<void> {
  await last();
  try {
    await pool.run(null, { name: 'release' });
  } finally {
    await pool.destroy();
  }
}
