import type { ValueInfo } from './binding.ts';
import type { EngineConfig } from './engine-config.ts';
import type { Tensors } from './tensor.ts';

/**
 * One session and the place where it runs. A replica answers one request at a
 * time: the engine never calls `run` again before the last answer.
 */
export interface Replica {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /**
   * Runs one request. Feeds are read in place and must not change meanwhile;
   * they travel to other threads without a copy when they lie in shared memory.
   * The outputs belong to the caller.
   */
  run(feeds: Tensors): Promise<Tensors>;
  /** Waits for a request in flight, then frees the session. Idempotent. */
  close(): Promise<void>;
}

export interface ReplicaParts extends Pick<Replica, 'inputs' | 'outputs' | 'run'> {
  /** Frees the session; called once, when nothing is in flight. */
  release(): Promise<void>;
}

/** A replica that drains before it releases, and releases once: a second time throws in the runtime. */
export function createReplica(parts: ReplicaParts): Replica {
  let inFlight: Promise<unknown> = Promise.resolve();
  let closed: Promise<void> | null = null;
  return {
    inputs: parts.inputs,
    outputs: parts.outputs,
    run: (feeds) => {
      const answer = parts.run(feeds);
      // The caller hears of a failure; draining only waits for its end.
      inFlight = answer.catch(() => undefined);
      return answer;
    },
    close: () => (closed ??= inFlight.then(() => parts.release())),
  };
}

export interface ReplicaOptions {
  readonly modelPath: string;
  readonly config: EngineConfig;
}
