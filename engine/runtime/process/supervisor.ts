import type { Clock } from '../../base/clock.ts';
import { messageOf, UserError } from '../../base/errors.ts';
import type { ReplicaHealth, ReplicaState } from '../replica.ts';
import type { ReplicaChild } from './replica-child.ts';
import { ReplicaLostError, type ProcessEnd } from './replica-lost-error.ts';

/** When to start a process anew that ended by itself. */
export interface RestartPolicy {
  /** Wait before the first start in a row, in milliseconds; each further one waits twice as long. */
  readonly firstDelayMs: number;
  /** The longest wait. */
  readonly maxDelayMs: number;
  /** A process that was ready for so long was no failed start: waits begin anew. */
  readonly stableAfterMs: number;
  /** Failures in a row after which no other process is started. */
  readonly maxFailures: number;
}

/** Waits of 50 ms to 10 s; gives up after about two minutes of failures. */
export const DEFAULT_RESTART_POLICY: RestartPolicy = Object.freeze({
  firstDelayMs: 50,
  maxDelayMs: 10_000,
  stableAfterMs: 500,
  maxFailures: 20,
});

export interface SupervisorOptions {
  readonly clock: Clock;
  readonly policy: RestartPolicy;
  /** Starts a process and makes it ready to run; kills it and rejects when the signal aborts. */
  readonly start: (signal: AbortSignal) => Promise<ReplicaChild>;
}

/** A process that does not end by itself so soon after it was asked to is killed. */
const END_GRACE_MS = 5000;

/** Keeps one process ready: starts another, with growing waits, whenever it ends. */
export class Supervisor implements ReplicaHealth {
  readonly #options: SupervisorOptions;
  readonly #closing = new AbortController();
  readonly #watching: Promise<void>;
  readonly #listeners: (() => void)[] = [];
  #failures = 0;
  #restarts = 0;
  #phase: Phase;

  /** Takes over a process that is ready. */
  private constructor(options: SupervisorOptions, child: ReplicaChild) {
    this.#options = options;
    this.#phase = { state: 'ready', child };
    this.#watching = this.#watch(child);
  }

  /**
   * Rejects as the first start does: what cannot start at all is not tried again. The signal
   * aborts that start alone.
   */
  static async start(options: SupervisorOptions, signal?: AbortSignal): Promise<Supervisor> {
    const first = await options.start(signal ?? new AbortController().signal);
    return new Supervisor(options, first);
  }

  state(): Exclude<ReplicaState, 'closed'> {
    return this.#phase.state;
  }

  pid(): number | null {
    return this.#phase.state === 'ready' ? this.#phase.child.pid : null;
  }

  restarts(): number {
    return this.#restarts;
  }

  onStateChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** The process, to be asked now. Throws a ReplicaLostError while there is none, UserError after. */
  child(): ReplicaChild {
    switch (this.#phase.state) {
      case 'ready':
        return this.#phase.child;
      case 'restarting':
        throw new ReplicaLostError('restarting', this.#phase.pid, this.#phase.end);
      case 'failed':
        throw this.#phase.error;
    }
  }

  whenReady(): Promise<void> {
    switch (this.#phase.state) {
      case 'ready':
        return Promise.resolve();
      case 'restarting':
        return this.#phase.next.promise;
      case 'failed':
        return Promise.reject(this.#phase.error);
    }
  }

  /** Resolves when no process is left. Whoever waits for one is rejected. */
  async close(): Promise<void> {
    this.#closing.abort();
    if (this.#phase.state === 'ready') await this.#end(this.#phase.child);
    await this.#watching;
    if (this.#phase.state === 'restarting') {
      this.#phase.next.reject(new UserError('the replica was closed before it was ready again'));
    }
  }

  async #end(child: ReplicaChild): Promise<void> {
    child.end();
    const ended = new AbortController();
    void child.ended.then(() => ended.abort());
    await this.#options.clock.sleep(END_GRACE_MS, ended.signal).then(
      () => child.kill(),
      () => undefined,
    );
    await child.ended;
  }

  async #watch(first: ReplicaChild): Promise<void> {
    const { clock, policy } = this.#options;
    let child: ReplicaChild | null = first;
    while (child !== null) {
      const readyAtMs = clock.nowMs();
      const end = await child.ended;
      if (this.#closing.signal.aborted) return;
      if (clock.nowMs() - readyAtMs >= policy.stableAfterMs) this.#failures = 0;
      const next = Promise.withResolvers<void>();
      // Nobody needs to wait for it.
      next.promise.catch(() => undefined);
      this.#enter({ state: 'restarting', pid: child.pid, end, next });
      child = await this.#restart(next);
    }
  }

  /** Null when it was closed meanwhile, or gave up. */
  async #restart(next: PromiseWithResolvers<void>): Promise<ReplicaChild | null> {
    const { clock, policy, start } = this.#options;
    const { signal } = this.#closing;
    let why = 'it ended soon after each start';
    while (this.#failures < policy.maxFailures) {
      this.#failures += 1;
      try {
        await clock.sleep(restartDelayMs(policy, this.#failures), signal);
        const child = await start(signal);
        // Closed when it was ready already: whoever closes waits for its end.
        if (signal.aborted) {
          await this.#end(child);
          return null;
        }
        this.#restarts += 1;
        this.#enter({ state: 'ready', child });
        next.resolve();
        return child;
      } catch (thrown) {
        if (signal.aborted) return null;
        why = messageOf(thrown);
      }
    }
    const error = gaveUp(policy.maxFailures, why);
    this.#enter({ state: 'failed', error });
    next.reject(error);
    return null;
  }

  #enter(phase: Phase): void {
    this.#phase = phase;
    for (const listener of this.#listeners) listener();
  }
}

type Phase =
  | { readonly state: 'ready'; readonly child: ReplicaChild }
  | {
      readonly state: 'restarting';
      /** The process that is gone. */
      readonly pid: number;
      readonly end: ProcessEnd;
      readonly next: PromiseWithResolvers<void>;
    }
  | { readonly state: 'failed'; readonly error: UserError };

/** The wait before the start that follows so many failures in a row. */
export function restartDelayMs(policy: RestartPolicy, failures: number): number {
  return Math.min(policy.maxDelayMs, policy.firstDelayMs * 2 ** (failures - 1));
}

function gaveUp(failures: number, why: string): UserError {
  return new UserError(`the replica's process failed ${failures} times in a row: ${why}`, {
    remedy: 'open the engine again when the cause is gone',
  });
}
