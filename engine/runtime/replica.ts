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

export interface ReplicaOptions {
  readonly modelPath: string;
  readonly config: EngineConfig;
}
