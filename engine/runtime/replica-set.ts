import type { Replica, ReplicaState, RunOptions } from './replica.ts';
import type { Tensors } from './tensor.ts';

/** Replicas in each state. */
export type ReplicaCounts = Readonly<Record<ReplicaState, number>>;

/**
 * Several replicas of one model as one that runs as many requests at a time as there are.
 * More than that must not be asked for at once: what waits here for a replica to come back
 * is bounded by the caller alone.
 */
export class ReplicaSet {
  readonly #replicas: readonly [Replica, ...Replica[]];
  /** The last one used is on top: its memory is the likeliest to be in the caches. */
  readonly #idle: Replica[];
  readonly #waiting: Waiter[] = [];

  /** Owns the replicas. `onCapacity` hears when `capacity` may have changed. */
  constructor(replicas: readonly [Replica, ...Replica[]], onCapacity: () => void) {
    this.#replicas = replicas;
    this.#idle = replicas.toReversed();
    for (const replica of replicas) {
      replica.onStateChange(() => {
        this.#serveWaiting();
        onCapacity();
      });
    }
  }

  /**
   * Requests that can run at the same time now. Once no replica will ever be ready again,
   * all of them, so that what waits learns of it: `run` rejects then.
   */
  get capacity(): number {
    const { ready, failed } = this.counts();
    return failed === this.#replicas.length ? failed : ready;
  }

  get restarts(): number {
    return this.#replicas.reduce((sum, { restarts }) => sum + restarts, 0);
  }

  /** Processes besides this one that hold sessions. */
  get pids(): readonly number[] {
    const pids = this.#replicas.map(({ pid }) => pid).filter((pid) => pid !== null);
    return [...new Set(pids)].filter((pid) => pid !== process.pid);
  }

  counts(): ReplicaCounts {
    const counts = { ready: 0, restarting: 0, failed: 0, closed: 0 };
    for (const { state } of this.#replicas) counts[state] += 1;
    return counts;
  }

  /**
   * Runs feeds on a replica that is ready and idle, once there is one. Rejects as its run
   * does, and with a UserError when none will ever be ready again.
   */
  run(feeds: Tensors, options?: RunOptions): Promise<Tensors> {
    return this.runAndRead(feeds, (outputs) => outputs, options);
  }

  /**
   * `run` whose outputs are read before the replica may take the next request, which is as
   * long as views of them last.
   */
  async runAndRead<Result>(
    feeds: Tensors,
    read: (outputs: Tensors) => Result,
    options?: RunOptions,
  ): Promise<Result> {
    const replica = this.#takeIdle() ?? (await this.#nextIdle());
    try {
      return read(await replica.run(feeds, options));
    } finally {
      this.#idle.push(replica);
      this.#serveWaiting();
    }
  }

  /** Waits for what runs, then frees every replica; rejects after that, where one cannot be freed. */
  async close(): Promise<void> {
    const ends = await Promise.allSettled(this.#replicas.map((replica) => replica.close()));
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  #takeIdle(): Replica | null {
    for (let index = this.#idle.length - 1; index >= 0; index -= 1) {
      const replica = this.#idle[index] as Replica;
      if (replica.state !== 'ready') continue;
      // The usual case is the last one, which is taken without moving any.
      if (index === this.#idle.length - 1) this.#idle.pop();
      else this.#idle.splice(index, 1);
      return replica;
    }
    return null;
  }

  #nextIdle(): Promise<Replica> {
    const waiter: Waiter = Promise.withResolvers();
    this.#waiting.push(waiter);
    this.#serveWaiting();
    return waiter.promise;
  }

  #serveWaiting(): void {
    if (this.#waiting.length === 0) return;
    if (this.counts().failed === this.#replicas.length) {
      const failure = this.#replicas[0].whenReady();
      for (const { reject } of this.#waiting.splice(0)) failure.catch(reject);
      return;
    }
    while (this.#waiting.length > 0) {
      const replica = this.#takeIdle();
      if (replica === null) return;
      this.#waiting.shift()?.resolve(replica);
    }
  }
}

type Waiter = PromiseWithResolvers<Replica>;
