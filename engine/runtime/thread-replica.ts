import { Piscina } from 'piscina';
import { messageOf, UserError } from '../base/errors.ts';
import { siblingModule } from '../base/sibling-module.ts';
import type { ValueInfo } from './binding.ts';
import { createReplica, type Replica, type ReplicaOptions } from './replica.ts';
import { toSessionOptions, type SessionOptions } from './session-options.ts';
import { toSharedTensors } from './shared-tensors.ts';
import type { Tensors } from './tensor.ts';

/** What every worker is told when it starts. */
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
 * process: `close` drains it and releases its session first. Where V8 can stop one that
 * runs out of heap, the request in flight fails, and the next opens a session in another;
 * a single message of texts beyond the heap may end the whole process all the same.
 */
export async function openThreadReplica(options: ReplicaOptions): Promise<Replica> {
  const task: ThreadReplicaTask = {
    modelPath: options.modelPath,
    options: toSessionOptions(options.config),
  };
  const pool = new Piscina({
    filename: siblingModule(import.meta.url, './thread-replica-worker').href,
    minThreads: 1,
    maxThreads: 1,
    concurrentTasksPerWorker: 1,
    // Waiting on an atomic between tasks wakes faster than the event loop does.
    atomics: 'sync',
    recordTiming: false,
    workerData: task,
  });
  // A worker that dies between two requests fails neither.
  pool.on('error', () => undefined);
  const metadata = await openSession(pool);
  return createReplica({
    ...metadata,
    run: (feeds) => infer(pool, feeds),
    release: () => release(pool),
  });
}

async function openSession(pool: Piscina): Promise<ThreadReplicaMetadata> {
  try {
    return (await pool.run(null, { name: 'open' })) as ThreadReplicaMetadata;
  } catch (thrown) {
    await pool.close();
    // An error loses its class on the way between threads.
    throw new UserError(messageOf(thrown), { cause: thrown });
  }
}

async function infer(pool: Piscina, feeds: Tensors): Promise<Tensors> {
  try {
    return (await pool.run(toSharedTensors(feeds), { name: 'infer' })) as Tensors;
  } catch (thrown) {
    if (!isOutOfHeap(thrown)) throw thrown;
    throw new UserError("the replica's thread ran out of heap and took the request with it", {
      remedy: 'send smaller text tensors, or give Node.js more heap (--max-old-space-size)',
      cause: thrown,
    });
  }
}

function isOutOfHeap(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'ERR_WORKER_OUT_OF_MEMORY';
}

async function release(pool: Piscina): Promise<void> {
  try {
    await pool.run(null, { name: 'release' });
  } finally {
    await pool.destroy();
  }
}
