import type {
  BatchQueueOptions,
  NextBatch,
} from '../../../../engine/runtime/batching/batch-queue.ts';
import type { BatchRequest } from '../../../../engine/runtime/batching/batch-request.ts';

/** The rules of `BatchQueue` as sorts and scans of one list: slow, and plain to see. */
export class NaiveQueue {
  readonly #options: BatchQueueOptions;
  #waiting: BatchRequest[] = [];

  constructor(options: BatchQueueOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#waiting.length;
  }

  offer(request: BatchRequest): boolean {
    if (this.#waiting.length >= this.#options.maxQueued) return false;
    this.#waiting.push(request);
    return true;
  }

  cancel(id: number): boolean {
    const before = this.size;
    this.#waiting = this.#waiting.filter((request) => request.id !== id);
    return this.size < before;
  }

  expire(nowMs: number): number[] {
    const expired = this.#waiting.filter((request) => deadlineOf(request) <= nowMs);
    this.#waiting = this.#waiting.filter((request) => deadlineOf(request) > nowMs);
    return expired.toSorted((a, b) => deadlineOf(a) - deadlineOf(b)).map((request) => request.id);
  }

  next(nowMs: number, marginMs: number): NextBatch<BatchRequest> {
    if (this.size === 0) return { state: 'empty' };
    const urgent = this.#waiting.toSorted(
      (a, b) => this.#urgency(b, nowMs) - this.#urgency(a, nowMs),
    );
    const leader =
      urgent.find((request) => this.#mayNotWait(request, nowMs)) ?? this.#firstDue(nowMs, marginMs);
    if (leader === undefined) return { state: 'wait', untilMs: this.#wakeMs(marginMs) };
    const batch = this.#batchOf(urgent.filter((request) => shareBatch(request, leader)));
    this.#waiting = this.#waiting.filter((request) => !batch.includes(request));
    return { state: 'batch', requests: batch };
  }

  /** Grows with the time waited; integers in the test, so that ties are exact and sorted by arrival. */
  #urgency(request: BatchRequest, nowMs: number): number {
    return nowMs - request.arrivedAtMs - request.priority * this.#options.ageingMs;
  }

  #mayNotWait(leader: BatchRequest, nowMs: number): boolean {
    const lane = this.#waiting.filter((request) => shareBatch(request, leader));
    const samples = lane.reduce((sum, request) => sum + request.samples, 0);
    const oldestMs = Math.min(...lane.map((request) => request.arrivedAtMs));
    return (
      leader.shapeKey === null ||
      samples >= this.#options.maxSize ||
      oldestMs + this.#options.maxDelayMs <= nowMs
    );
  }

  #firstDue(nowMs: number, marginMs: number): BatchRequest | undefined {
    const due = this.#waiting.toSorted((a, b) => deadlineOf(a) - deadlineOf(b))[0];
    if (due === undefined || deadlineOf(due) - marginMs > nowMs) return undefined;
    return due;
  }

  #wakeMs(marginMs: number): number {
    const arrivals = this.#waiting.map((request) => request.arrivedAtMs);
    const deadlines = this.#waiting.map(deadlineOf);
    return Math.min(
      Math.min(...arrivals) + this.#options.maxDelayMs,
      Math.min(...deadlines) - marginMs,
    );
  }

  #batchOf(candidates: readonly BatchRequest[]): [BatchRequest, ...BatchRequest[]] {
    const [first, ...others] = candidates as [BatchRequest, ...BatchRequest[]];
    const batch: [BatchRequest, ...BatchRequest[]] = [first];
    let samples = first.samples;
    for (const request of others) {
      samples += request.samples;
      if (samples > this.#options.maxSize) break;
      batch.push(request);
    }
    return batch;
  }
}

function deadlineOf(request: BatchRequest): number {
  return request.deadlineAtMs ?? Number.POSITIVE_INFINITY;
}

function shareBatch(a: BatchRequest, b: BatchRequest): boolean {
  return a === b || (a.shapeKey !== null && a.shapeKey === b.shapeKey);
}
