import type { PoolOptions } from '../memory/buffer-pool.ts';
import { Artifact, type ArtifactSource } from './artifact.ts';
import { BatchedModel } from './batching/batched-model.ts';
import { systemBatchClock } from './batching/batch-clock.ts';
import { Batcher } from './batching/batcher.ts';
import {
  checkBatcherOptions,
  DEFAULT_BATCH_QUEUE,
  type SubmitOptions,
} from './batching/batcher-options.ts';
import type { ValueInfo } from './binding.ts';
import type { EngineConfig } from './engine-config.ts';
import { EngineMemory, type AllocatedTensor } from './engine-memory.ts';
import type { EngineStats } from './engine-stats.ts';
import { applyRuntimeEnvironment } from './environment.ts';
import { checkFeeds } from './feeds.ts';
import { openReplicas, type OpenReplicasOptions } from './open-replicas.ts';
import { ReplicaLostError } from './process/replica-lost-error.ts';
import { ReplicaSet } from './replica-set.ts';
import type { Replica, RunOptions } from './replica.ts';
import { validateEngineConfig } from './session-options.ts';
import type { NumericType, Tensors } from './tensor.ts';

export interface EngineOptions extends Pick<
  OpenReplicasOptions,
  'restart' | 'maxArenaBytes' | 'startTimeoutMs'
> {
  /** An ONNX file by its path, or with the digest that it must have. */
  readonly artifact: string | ArtifactSource;
  readonly config: EngineConfig;
  /** Gives up opening; what was opened by then is closed. */
  readonly signal?: AbortSignal;
  /** Requests that may wait for a replica; one more is refused. Default 1024. */
  readonly maxQueued?: number;
  /** The pool of merged feeds and of `allocate`. */
  readonly pool?: PoolOptions;
}

/**
 * `deadlineMs`: from the call to the answer. `priority`: 1 (most urgent) to 5, default 3.
 * `signal`: gives the request up.
 */
export type InferOptions = SubmitOptions;

/**
 * A model ready to answer, by one or several replicas. Requests wait by priority and order
 * of arrival for the next free replica, and share a run where the config and the model
 * allow it.
 */
export class Engine {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly #replicas: ReplicaSet;
  readonly #memory: EngineMemory;
  readonly #model: BatchedModel;
  readonly #batcher: Batcher<Tensors, Tensors>;
  #closing: Promise<void> | null = null;

  private constructor(
    replicas: readonly [Replica, ...Replica[]],
    memory: EngineMemory,
    options: EngineOptions,
  ) {
    this.inputs = replicas[0].inputs;
    this.outputs = replicas[0].outputs;
    this.#memory = memory;
    this.#replicas = new ReplicaSet(replicas, () => this.#batcher.resize(this.#replicas.capacity));
    this.#model = this.#createModel(options.config.isolation);
    this.#batcher = new Batcher({
      ...queueOptions(options),
      target: this.#model,
      slots: replicas.length,
      clock: systemBatchClock,
      isRetryable: (thrown) => thrown instanceof ReplicaLostError,
    });
    // One may have been lost while the others were opened.
    this.#batcher.resize(this.#replicas.capacity);
  }

  /**
   * Opens every replica, one after the other. Throws UsageError for a config that cannot be
   * applied, before anything is opened; UserError for a file that is absent or another than
   * its digest says, and for a model that cannot be run; the signal's reason. Whatever was
   * opened by then is closed.
   */
  static async open(options: EngineOptions): Promise<Engine> {
    const { config, signal } = options;
    validateEngineConfig(config);
    checkBatcherOptions({ ...DEFAULT_BATCH_QUEUE, ...queueOptions(options) }, config.replicas);
    signal?.throwIfAborted();
    applyRuntimeEnvironment(process.env);
    const artifact = await Artifact.open(options.artifact);
    const memory = new EngineMemory(config.isolation, options.pool);
    try {
      return new Engine(await openReplicas({ ...options, artifact }), memory, options);
    } catch (thrown) {
      memory.close();
      throw thrown;
    }
  }

  /**
   * Answers one request. Feeds are read in place: leave them alone until then, those of a
   * request that was given up until `stats().requests.running` is 0. The answer belongs to
   * the caller; after a merged run it may be a view of a buffer that other answers lie in:
   * copy it before transferring it to a worker. Rejects before anything is queued with a UserError for a feed
   * that does not fit the model, with a UsageError for an option that makes no sense, with
   * a QueueFullError when too many requests wait, and once the engine is closed; later with
   * a DeadlineError, with the signal's reason, with a ReplicaLostError when two processes
   * died of or beside the request, and with what the runtime says.
   */
  async infer(feeds: Tensors, options?: InferOptions): Promise<Tensors> {
    checkFeeds(feeds, this.inputs);
    return this.#batcher.submit(feeds, options);
  }

  /**
   * A tensor for feeds that reach the replicas without a copy; release it when it is no
   * longer used. Throws UserError when the pool has no more memory, or is closed.
   */
  allocate<Type extends NumericType>(type: Type, dims: readonly number[]): AllocatedTensor<Type> {
    return this.#memory.allocate(type, dims);
  }

  /** Processes besides this one that hold sessions now; a restart brings another one. */
  get pids(): readonly number[] {
    return this.#replicas.pids;
  }

  stats(): EngineStats {
    return {
      replicas: this.#replicas.counts(),
      restarts: this.#replicas.restarts,
      pids: this.pids,
      requests: this.#batcher.stats(),
      batchAxis: this.#model.axis,
      pool: this.#memory.statistics(),
      poolRefusals: this.#memory.refusals,
    };
  }

  /**
   * Refuses new requests, answers those that wait, then frees every session. Idempotent. A
   * run that hangs, and that no deadline ends, is waited for.
   */
  close(): Promise<void> {
    return (this.#closing ??= this.#drain());
  }

  async #drain(): Promise<void> {
    await this.#batcher.drain();
    try {
      await this.#replicas.close();
    } finally {
      this.#memory.close();
    }
  }

  #createModel(isolation: EngineConfig['isolation']): BatchedModel {
    const { inputs, outputs } = this;
    return new BatchedModel({
      inputs,
      outputs,
      run: (feeds, deadlineAtMs) => this.#replicas.run(feeds, runOptions(deadlineAtMs)),
      runAndRead: (feeds, { deadlineAtMs, read }) =>
        this.#replicas.runAndRead(feeds, read, { ...runOptions(deadlineAtMs), outputs: 'view' }),
      allocate: (type, elements) => this.#memory.takeArray(type, elements),
      release: (array) => this.#memory.releaseArray(array),
      // Outputs of another process are views of its memory until the next run.
      ownedOutputs: isolation === 'process',
    });
  }
}

function runOptions(deadlineAtMs: number | null): RunOptions {
  return deadlineAtMs === null ? NO_DEADLINE : { deadlineAtMs };
}

const NO_DEADLINE: RunOptions = Object.freeze({});

function queueOptions({ config, maxQueued }: EngineOptions): {
  readonly maxSize: number;
  readonly maxDelayMs: number;
  readonly maxQueued: number;
} {
  const { maxSize, maxDelayMs } = config.batch;
  return { maxSize, maxDelayMs, maxQueued: maxQueued ?? DEFAULT_BATCH_QUEUE.maxQueued };
}
