import type { BatchRequest } from './batch-request.ts';
import type { HeapItem } from './indexed-heap.ts';

export interface PendingRequestParts<Feeds, Answer> extends BatchRequest {
  readonly feeds: Feeds;
  /** Milliseconds from the submission, as the caller gave them. */
  readonly deadlineMs: number | null;
  readonly signal: AbortSignal | null;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * A request from its submission to its answer, of which it has exactly one: the first of
 * an answer, a failure and an abort.
 */
export class PendingRequest<Feeds, Answer> implements BatchRequest, HeapItem {
  /** Among the deadlines of what runs. */
  heapIndex = -1;
  readonly id: number;
  readonly samples: number;
  readonly shapeKey: string | null;
  readonly priority: number;
  readonly arrivedAtMs: number;
  readonly deadlineAtMs: number | null;
  readonly deadlineMs: number | null;
  readonly feeds: Feeds;
  readonly #parts: PendingRequestParts<Feeds, Answer>;
  #onAbort: (() => void) | null = null;
  #settled = false;

  constructor(parts: PendingRequestParts<Feeds, Answer>) {
    this.#parts = parts;
    this.id = parts.id;
    this.samples = parts.samples;
    this.shapeKey = parts.shapeKey;
    this.priority = parts.priority;
    this.arrivedAtMs = parts.arrivedAtMs;
    this.deadlineAtMs = parts.deadlineAtMs;
    this.deadlineMs = parts.deadlineMs;
    this.feeds = parts.feeds;
  }

  /** Whether the caller has been told something already. */
  get settled(): boolean {
    return this.#settled;
  }

  /** Fails the request with the signal's reason when it aborts, then tells `aborted`. */
  watchSignal(aborted: () => void): void {
    const { signal } = this.#parts;
    if (signal === null) return;
    this.#onAbort = () => {
      this.fail(signal.reason);
      aborted();
    };
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  answer(answer: Answer): void {
    if (this.#settle()) this.#parts.resolve(answer);
  }

  fail(reason: unknown): void {
    if (this.#settle()) this.#parts.reject(reason);
  }

  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    // A signal may outlive thousands of requests: leave nothing on it.
    if (this.#onAbort !== null) this.#parts.signal?.removeEventListener('abort', this.#onAbort);
    this.#onAbort = null;
    return true;
  }
}
