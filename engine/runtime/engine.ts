import { UserError } from '../base/errors.ts';
import type { ValueInfo } from './binding.ts';
import type { EngineConfig } from './engine-config.ts';
import { applyRuntimeEnvironment } from './environment.ts';
import { checkFeeds } from './feeds.ts';
import { openInlineReplica } from './inline-replica.ts';
import type { Replica, ReplicaOptions } from './replica.ts';
import { validateEngineConfig } from './session-options.ts';
import { openThreadReplica } from './thread-replica.ts';
import type { Tensors } from './tensor.ts';

export interface EngineOptions {
  /** An ONNX file. */
  readonly modelPath: string;
  readonly config: EngineConfig;
  /** Requests that may wait for a replica; one more is refused. Default 1024. */
  readonly maxQueued?: number;
}

/**
 * A model ready to answer, by one or several replicas. Requests wait in order
 * of arrival for the next free replica.
 */
export class Engine {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly #replicas: readonly Replica[];
  readonly #idle: Replica[];
  readonly #waiting: Waiter[] = [];
  readonly #maxQueued: number;
  #closing: Promise<void> | null = null;

  private constructor(replicas: readonly [Replica, ...Replica[]], maxQueued: number) {
    this.inputs = replicas[0].inputs;
    this.outputs = replicas[0].outputs;
    this.#replicas = replicas;
    this.#idle = [...replicas];
    this.#maxQueued = maxQueued;
  }

  /**
   * Opens every replica, one after the other: creating sessions at once would
   * double the peak memory. Throws UserError for a model or config that cannot
   * be run; whatever was opened by then is closed.
   */
  static async open(options: EngineOptions): Promise<Engine> {
    validateEngineConfig(options.config);
    applyRuntimeEnvironment(process.env);
    const first = await openReplica(options);
    const replicas: [Replica, ...Replica[]] = [first];
    try {
      while (replicas.length < options.config.replicas) replicas.push(await openReplica(options));
    } catch (thrown) {
      await Promise.all(replicas.map((replica) => replica.close()));
      throw thrown;
    }
    return new Engine(replicas, options.maxQueued ?? 1024);
  }

  /**
   * Answers one request. Feeds are read in place: leave them alone until then.
   * Throws UserError before anything is queued when a feed does not fit the
   * model, when too many requests wait, or when the engine is closed.
   */
  async infer(feeds: Tensors): Promise<Tensors> {
    if (this.#closing !== null) throw new UserError('the engine is closed');
    checkFeeds(feeds, this.inputs);
    const replica = this.#idle.pop() ?? (await this.#nextIdle());
    try {
      return await replica.run(feeds);
    } finally {
      this.#release(replica);
    }
  }

  /** Refuses new requests, answers those that wait, then frees every session. Idempotent. */
  close(): Promise<void> {
    return (this.#closing ??= this.#drain());
  }

  async #drain(): Promise<void> {
    for (let idle = 0; idle < this.#replicas.length; idle += 1) {
      if (this.#idle.pop() === undefined) await this.#enqueue();
    }
    await Promise.all(this.#replicas.map((replica) => replica.close()));
  }

  #nextIdle(): Promise<Replica> {
    if (this.#waiting.length >= this.#maxQueued) {
      throw new UserError(`the engine's queue is full: ${this.#maxQueued} requests wait already`, {
        remedy: 'send fewer requests at once, or use more replicas',
      });
    }
    return this.#enqueue();
  }

  #enqueue(): Promise<Replica> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #release(replica: Replica): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(replica);
    else next(replica);
  }
}

type Waiter = (replica: Replica) => void;

function openReplica(options: ReplicaOptions): Promise<Replica> {
  return options.config.isolation === 'inline'
    ? openInlineReplica(options)
    : openThreadReplica(options);
}
