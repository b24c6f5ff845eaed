import { UserError } from '../../base/errors.ts';
import { DeadlineError, QueueFullError } from './batch-errors.ts';
import { BatchQueue, type BatchQueueOptions } from './batch-queue.ts';
import { DEFAULT_PRIORITY } from './batch-request.ts';
import { BatchSlots } from './batch-slots.ts';
import {
  checkBatcherOptions,
  checkSubmitOptions,
  DEFAULT_BATCH_QUEUE,
  type BatcherOptions,
  type SubmitOptions,
} from './batcher-options.ts';
import { BatcherCounters, type BatcherStats } from './batcher-stats.ts';
import { PendingRequest, type PendingRequestParts } from './pending-request.ts';
import { Wakeup } from './wakeup.ts';

/** A timer may be late by this much, so a deadline is not cut finer. */
const TIMER_LATENESS_MS = 1;

const NO_OPTIONS: SubmitOptions = Object.freeze({});

/**
 * Gathers requests into batches and runs them in a fixed number of slots; `BatchQueue`
 * says which and when. Every request gets exactly one answer. A request that need not
 * wait is run without a timer or a queue entry.
 *
 * A merged batch that fails is run again, once, one request at a time in the same slot,
 * so that only the culprit fails; so is a single request whose failure says nothing of it.
 */
export class Batcher<Feeds, Answer> {
  readonly #options: BatcherOptions<Feeds, Answer>;
  readonly #limits: BatchQueueOptions;
  readonly #queue: BatchQueue<PendingRequest<Feeds, Answer>>;
  readonly #slots: BatchSlots<Feeds, Answer>;
  readonly #wakeup: Wakeup;
  readonly #counters = new BatcherCounters();
  #lastId = 0;
  #drained: PromiseWithResolvers<void> | null = null;

  /** Throws UsageError for a limit that makes no sense. */
  constructor(options: BatcherOptions<Feeds, Answer>) {
    this.#limits = { ...DEFAULT_BATCH_QUEUE, ...options };
    checkBatcherOptions(this.#limits, options.slots);
    this.#options = options;
    this.#queue = new BatchQueue(this.#limits);
    const parts = { counters: this.#counters, onFreed: () => this.#schedule() };
    this.#slots = new BatchSlots({ ...options, ...parts });
    this.#wakeup = new Wakeup(options.clock, () => this.#onWake());
  }

  /**
   * Answers one request. Rejects with QueueFullError, DeadlineError, the signal's reason,
   * UsageError for an option that makes no sense, UserError after `drain`, or what the
   * run threw. Feeds must not change until then, those of an aborted request not before
   * `stats().running` is 0: its batch may still read them.
   */
  submit(feeds: Feeds, options: SubmitOptions = NO_OPTIONS): Promise<Answer> {
    const refusal = this.#refusalOf(options);
    if (refusal !== null) return Promise.reject(refusal.reason);
    const samples = this.#options.target.samplesOf(feeds);
    const isPatient = options.signal === undefined && options.deadlineMs === undefined;
    if (isPatient && this.#startsAtOnce(feeds, samples)) {
      return this.#slots.runAlone(feeds, samples);
    }
    return new Promise((resolve, reject) => {
      this.#enqueue(new PendingRequest(this.#parts(feeds, { samples, options, resolve, reject })));
    });
  }

  /** Refuses new requests and resolves when all others are answered, without delay. Idempotent. */
  drain(): Promise<void> {
    this.#drained ??= Promise.withResolvers();
    this.#schedule();
    return this.#drained.promise;
  }

  /**
   * Batches that may run at the same time from now on: replicas come and go. With none,
   * requests wait; what runs already goes on.
   */
  resize(slots: number): void {
    this.#slots.resize(slots);
    this.#schedule();
  }

  stats(): BatcherStats {
    return this.#counters.snapshot({ queued: this.#queue.size, running: this.#slots.running });
  }

  /** Why a request is not even looked at, or null. */
  #refusalOf(options: SubmitOptions): { readonly reason: Error } | null {
    if (this.#drained !== null) return { reason: new UserError('the engine is closed') };
    if (options === NO_OPTIONS) return null;
    const unusable = checkSubmitOptions(options);
    if (unusable !== null) return { reason: unusable };
    if (options.signal?.aborted === true) {
      this.#counters.aborted += 1;
      return { reason: options.signal.reason as Error };
    }
    if (options.deadlineMs === undefined || options.deadlineMs > 0) return null;
    this.#counters.expired += 1;
    return { reason: new DeadlineError(options.deadlineMs) };
  }

  #startsAtOnce(feeds: Feeds, samples: number): boolean {
    if (this.#slots.free === 0 || this.#queue.size > 0) return false;
    const { maxDelayMs, maxSize } = this.#limits;
    return maxDelayMs === 0 || samples >= maxSize || this.#shapeKeyOf(feeds) === null;
  }

  #shapeKeyOf(feeds: Feeds): string | null {
    return this.#limits.maxSize === 1 ? null : this.#options.target.shapeKeyOf(feeds);
  }

  #parts(
    feeds: Feeds,
    { options, ...rest }: NewRequest<Feeds, Answer>,
  ): PendingRequestParts<Feeds, Answer> {
    this.#lastId += 1;
    const arrivedAtMs = this.#options.clock.nowMs();
    const deadlineMs = options.deadlineMs ?? null;
    return {
      ...rest,
      id: this.#lastId,
      feeds,
      shapeKey: this.#shapeKeyOf(feeds),
      priority: options.priority ?? DEFAULT_PRIORITY,
      signal: options.signal ?? null,
      arrivedAtMs,
      deadlineMs,
      deadlineAtMs: deadlineMs === null ? null : arrivedAtMs + deadlineMs,
    };
  }

  #enqueue(request: PendingRequest<Feeds, Answer>): void {
    const offer = this.#queue.offer(request);
    if (offer.state === 'full') {
      this.#counters.refused += 1;
      request.fail(new QueueFullError(offer.limit));
      return;
    }
    request.watchSignal(() => this.#onAborted(request));
    this.#schedule();
  }

  #onAborted(request: PendingRequest<Feeds, Answer>): void {
    this.#counters.aborted += 1;
    if (this.#queue.cancel(request.id) !== undefined) this.#schedule();
  }

  #onWake(): void {
    this.#slots.expire(this.#options.clock.nowMs());
    this.#schedule();
  }

  /** Starts what can be started now, and sees to the next time when something must be done. */
  #schedule(): void {
    const startsAtMs = this.#queue.size === 0 ? Number.POSITIVE_INFINITY : this.#startBatches();
    this.#wakeup.set(Math.min(startsAtMs, this.#slots.earliestDeadlineMs));
    const idle = this.#queue.size === 0 && this.#slots.running === 0;
    if (idle) this.#drained?.resolve();
  }

  /** When to look again, should nothing happen before then. */
  #startBatches(): number {
    const nowMs = this.#options.clock.nowMs();
    this.#expire(nowMs);
    while (this.#slots.free > 0) {
      // Nobody joins any more while draining: no batch waits for company.
      const dueMs = this.#drained === null ? nowMs : Number.POSITIVE_INFINITY;
      const next = this.#queue.next(dueMs, this.#slots.meanBatchMs + TIMER_LATENESS_MS);
      if (next.state === 'empty') return Number.POSITIVE_INFINITY;
      if (next.state === 'wait') return next.untilMs;
      for (const request of next.requests) {
        this.#counters.queueWaitTotalMs += nowMs - request.arrivedAtMs;
      }
      void this.#slots.runBatch(next.requests);
    }
    return this.#queue.earliestDeadlineMs ?? Number.POSITIVE_INFINITY;
  }

  #expire(nowMs: number): void {
    for (const request of this.#queue.expire(nowMs)) {
      this.#counters.expired += 1;
      request.fail(new DeadlineError(request.deadlineMs as number));
    }
  }
}

interface NewRequest<Feeds, Answer> extends Pick<
  PendingRequestParts<Feeds, Answer>,
  'samples' | 'resolve' | 'reject'
> {
  readonly options: SubmitOptions;
}
