import type { BatchClock } from './batch-clock.ts';
import type { BatcherOptions, BatchTarget } from './batcher-options.ts';
import type { BatcherCounters } from './batcher-stats.ts';
import type { PendingRequest } from './pending-request.ts';
import { RunningDeadlines } from './running-deadlines.ts';

export interface BatchSlotsOptions<Feeds, Answer> extends Pick<
  BatcherOptions<Feeds, Answer>,
  'target' | 'slots' | 'clock' | 'isRetryable'
> {
  readonly counters: BatcherCounters;
  /** Called when a batch has given its slot back. */
  readonly onFreed: () => void;
}

/** Requests that are started together. */
type Batch<Feeds, Answer> = readonly [
  PendingRequest<Feeds, Answer>,
  ...PendingRequest<Feeds, Answer>[],
];

/** Weight of the last batch in the running mean of their durations, as of round trips in TCP (RFC 6298). */
const DURATION_WEIGHT = 1 / 8;

/** Runs batches, each in a slot of its own; the caller starts none without a free one. */
export class BatchSlots<Feeds, Answer> {
  readonly #options: BatchSlotsOptions<Feeds, Answer>;
  readonly #target: BatchTarget<Feeds, Answer>;
  readonly #clock: BatchClock;
  readonly #counters: BatcherCounters;
  readonly #deadlines: RunningDeadlines<Feeds, Answer>;
  #slots: number;
  #taken = 0;
  #running = 0;
  #meanBatchMs: number | null = null;

  constructor(options: BatchSlotsOptions<Feeds, Answer>) {
    this.#options = options;
    this.#target = options.target;
    this.#clock = options.clock;
    this.#counters = options.counters;
    this.#deadlines = new RunningDeadlines(options.counters);
    this.#slots = options.slots;
  }

  /** Batches that can be started now. */
  get free(): number {
    return Math.max(0, this.#slots - this.#taken);
  }

  /** Batches that may run at the same time from now on; what runs beyond it goes on. */
  resize(slots: number): void {
    this.#slots = slots;
  }

  /** Requests that were started and are not answered. */
  get running(): number {
    return this.#running;
  }

  /** When the first of the requests that run is due; infinity: never. */
  get earliestDeadlineMs(): number {
    return this.#deadlines.earliestMs;
  }

  /** Running mean of how long a batch holds its slot, in milliseconds; 0 before the first. */
  get meanBatchMs(): number {
    return this.#meanBatchMs ?? 0;
  }

  /** Runs one request that nobody aborts and that has no deadline: the short way. */
  async runAlone(feeds: Feeds, samples: number): Promise<Answer> {
    const startedMs = this.#acquire(1);
    try {
      return await this.#runOne(feeds, samples);
    } catch (thrown) {
      if (!this.#isRetryable(thrown)) throw thrown;
      this.#counters.retried += 1;
      return await this.#runOne(feeds, samples);
    } finally {
      this.#release(1, startedMs);
    }
  }

  /** Runs and answers requests; never rejects. */
  async runBatch(batch: Batch<Feeds, Answer>): Promise<void> {
    const startedMs = this.#acquire(batch.length);
    for (const request of batch) this.#deadlines.add(request);
    try {
      await this.#answerMerged(batch);
    } finally {
      for (const request of batch) this.#deadlines.remove(request);
      this.#release(batch.length, startedMs);
    }
  }

  /** Fails what is due; its run goes on. */
  expire(nowMs: number): void {
    this.#deadlines.expire(nowMs);
  }

  async #runOne(feeds: Feeds, samples: number): Promise<Answer> {
    this.#counters.countRun(samples);
    const answers = await this.#target.run([feeds], null);
    return answers[0] as Answer;
  }

  #isRetryable(thrown: unknown): boolean {
    return this.#options.isRetryable?.(thrown) === true;
  }

  #acquire(requests: number): number {
    this.#taken += 1;
    this.#running += requests;
    this.#counters.started += requests;
    return this.#clock.nowMs();
  }

  #release(requests: number, startedMs: number): void {
    this.#taken -= 1;
    this.#running -= requests;
    const elapsedMs = this.#clock.nowMs() - startedMs;
    const meanMs = this.#meanBatchMs ?? elapsedMs;
    this.#meanBatchMs = meanMs + (elapsedMs - meanMs) * DURATION_WEIGHT;
    this.#options.onFreed();
  }

  async #answerMerged(batch: Batch<Feeds, Answer>): Promise<void> {
    const [first, ...others] = batch;
    this.#counters.countRun(batch.reduce((sum, request) => sum + request.samples, 0));
    try {
      const feeds = [first.feeds, ...others.map((request) => request.feeds)] as const;
      const answers = await this.#target.run(feeds, latestDeadlineMs(batch));
      if (answers.length !== batch.length) {
        throw new Error(`${answers.length} answers to a batch of ${batch.length} requests`);
      }
      batch.forEach((request, index) => this.#answer(request, answers[index] as Answer));
    } catch (thrown) {
      await this.#answerFailed(batch, thrown);
    }
  }

  /** An answer that comes late is dropped, also where a run in this thread kept the timer from ringing. */
  #answer(request: PendingRequest<Feeds, Answer>, answer: Answer): void {
    if (!this.#deadlines.expireOne(request, this.#clock.nowMs())) request.answer(answer);
  }

  /** Once, and none of them merged again: a failure costs at most one further run a request. */
  async #answerFailed(batch: Batch<Feeds, Answer>, thrown: unknown): Promise<void> {
    const isRetryable = this.#isRetryable(thrown);
    if (batch.length === 1 && !isRetryable) {
      batch[0].fail(thrown);
      return;
    }
    if (batch.length > 1) this.#counters.splitBatches += 1;
    for (const request of batch) {
      const isDue = this.#deadlines.expireOne(request, this.#clock.nowMs());
      if (isDue || request.settled) continue;
      if (isRetryable) this.#counters.retried += 1;
      await this.#answerOne(request);
    }
  }

  async #answerOne(request: PendingRequest<Feeds, Answer>): Promise<void> {
    this.#counters.countRun(request.samples);
    try {
      const answers = await this.#target.run([request.feeds], request.deadlineAtMs);
      this.#answer(request, answers[0] as Answer);
    } catch (thrown) {
      const isDue = this.#deadlines.expireOne(request, this.#clock.nowMs());
      if (!isDue) request.fail(thrown);
    }
  }
}

/** From when on nobody waits for any of the answers; null where somebody waits for ever. */
function latestDeadlineMs<Feeds, Answer>(batch: Batch<Feeds, Answer>): number | null {
  let latestMs = Number.NEGATIVE_INFINITY;
  for (const { deadlineAtMs } of batch) {
    if (deadlineAtMs === null) return null;
    latestMs = Math.max(latestMs, deadlineAtMs);
  }
  return latestMs;
}
