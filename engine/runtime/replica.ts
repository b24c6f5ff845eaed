import { UserError } from '../base/errors.ts';
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
  readonly state: ReplicaState;
  /** The process that holds the session, such as to sum up memory; null while there is none, and once it closes. */
  readonly pid: number | null;
  /** How often a process was started anew and became ready. */
  readonly restarts: number;
  /**
   * Runs one request. Feeds are read in place and must not change meanwhile;
   * they travel to other threads and processes without a copy when they lie in
   * memory that those share. Unless options say otherwise, the outputs belong to
   * the caller. Rejects at once unless the state is `ready`: with a
   * ReplicaLostError while `restarting`, which another replica can answer.
   */
  run(feeds: Tensors, options?: RunOptions): Promise<Tensors>;
  /**
   * Resolves when the replica is ready, which most are at once; rejects with a
   * UserError when it will never be again. Set your own deadline: a restart
   * takes as long as loading the model does.
   */
  whenReady(): Promise<void>;
  /** Calls back after each change of the state but the last, to `closed`. */
  onStateChange(listener: () => void): void;
  /** Waits for a request in flight, then frees the session. Idempotent. */
  close(): Promise<void>;
}

/**
 * `restarting`: its process died and another is on the way. `failed`: it died
 * too often in a row, and no other will come. Only a process replica is ever
 * either; the crash of another kind takes the caller with it.
 */
export type ReplicaState = 'ready' | 'restarting' | 'failed' | 'closed';

export interface RunOptions {
  /**
   * When to give up, in milliseconds of the system clock's `nowMs`. A process
   * replica kills its process then, rejects with a ReplicaLostError and restarts;
   * the others cannot stop a run of the runtime and answer late. Default: never.
   */
  readonly deadlineAtMs?: number;
  /**
   * `view` saves a copy where the outputs come from another process: they can
   * then be read until the next `run` or `close`, and change or vanish after it.
   * Default `copy`.
   */
  readonly outputs?: 'copy' | 'view';
}

export interface ReplicaParts extends Pick<Replica, 'inputs' | 'outputs' | 'run'> {
  /** Frees the session; called once, when nothing is in flight. */
  release(): Promise<void>;
  /** How the session's process does; without, it is this process and always ready. */
  readonly health?: ReplicaHealth;
}

export interface ReplicaHealth extends Pick<Replica, 'whenReady' | 'onStateChange'> {
  state(): ReplicaState;
  pid(): number | null;
  restarts(): number;
}

const THIS_PROCESS: ReplicaHealth = Object.freeze({
  state: () => 'ready' as const,
  pid: () => process.pid,
  restarts: () => 0,
  whenReady: () => Promise.resolve(),
  onStateChange: () => undefined,
});

/** A replica that drains before it releases, and releases once: a second time throws in the runtime. */
export function createReplica(parts: ReplicaParts): Replica {
  const health = parts.health ?? THIS_PROCESS;
  let inFlight: Promise<unknown> = Promise.resolve();
  let closed: Promise<void> | null = null;
  return {
    inputs: parts.inputs,
    outputs: parts.outputs,
    get state() {
      return closed === null ? health.state() : 'closed';
    },
    get pid() {
      return closed === null ? health.pid() : null;
    },
    get restarts() {
      return health.restarts();
    },
    run: (feeds, options) => {
      if (closed !== null) return Promise.reject(new UserError(CLOSED));
      // The caller hears of a failure; draining only waits for its end.
      return (inFlight = parts.run(feeds, options));
    },
    whenReady: () => (closed === null ? health.whenReady() : Promise.reject(new UserError(CLOSED))),
    onStateChange: (listener) => health.onStateChange(listener),
    close: () => (closed ??= inFlight.catch(() => undefined).then(() => parts.release())),
  };
}

const CLOSED = 'the replica is closed';

export interface ReplicaOptions {
  readonly modelPath: string;
  readonly config: EngineConfig;
}
