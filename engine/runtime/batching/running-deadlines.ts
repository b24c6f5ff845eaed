import { DeadlineError } from './batch-errors.ts';
import type { BatcherCounters } from './batcher-stats.ts';
import { IndexedHeap } from './indexed-heap.ts';
import type { PendingRequest } from './pending-request.ts';

/**
 * Fails requests that run when their deadline is reached. The run itself goes on, and its
 * slot stays taken: most cannot be stopped. O(log n) of the requests that run.
 */
export class RunningDeadlines<Feeds, Answer> {
  readonly #counters: BatcherCounters;
  readonly #due = new IndexedHeap<PendingRequest<Feeds, Answer>>(isDueBefore);

  constructor(counters: BatcherCounters) {
    this.#counters = counters;
  }

  /** When the first of them is due; infinity: never. */
  get earliestMs(): number {
    return this.#due.peek()?.deadlineAtMs ?? Number.POSITIVE_INFINITY;
  }

  add(request: PendingRequest<Feeds, Answer>): void {
    if (request.deadlineAtMs !== null) this.#due.push(request);
  }

  remove(request: PendingRequest<Feeds, Answer>): void {
    this.#due.remove(request);
  }

  expire(nowMs: number): void {
    let first = this.#due.peek();
    while (first !== undefined && this.expireOne(first, nowMs)) {
      this.#due.remove(first);
      first = this.#due.peek();
    }
  }

  /** Whether its deadline is reached; it is failed then, unless it has an answer already. */
  expireOne(request: PendingRequest<Feeds, Answer>, nowMs: number): boolean {
    const { deadlineAtMs, deadlineMs } = request;
    if (deadlineAtMs === null || deadlineMs === null || deadlineAtMs > nowMs) return false;
    if (!request.settled) this.#counters.expired += 1;
    request.fail(new DeadlineError(deadlineMs));
    return true;
  }
}

/** Only requests with a deadline are compared. */
function isDueBefore<Feeds, Answer>(
  a: PendingRequest<Feeds, Answer>,
  b: PendingRequest<Feeds, Answer>,
): boolean {
  const difference = (a.deadlineAtMs as number) - (b.deadlineAtMs as number);
  return difference < 0 || (difference === 0 && a.id < b.id);
}
