import type { BatchRequest } from './batch-request.ts';
import { IndexedHeap } from './indexed-heap.ts';
import { LaneSchedule } from './lane-schedule.ts';
import type { LaneEntry, RequestLane } from './request-lane.ts';

export interface BatchQueueOptions {
  /** Samples of a batch; a larger request goes alone. */
  readonly maxSize: number;
  /** How long a batch that is not full may wait, from the arrival of its oldest request; 0: not at all. */
  readonly maxDelayMs: number;
  /** Requests that may wait; one more is refused. */
  readonly maxQueued: number;
  /**
   * What one level of priority is worth: a request that waits for no company is led
   * past only by those that are n levels more urgent and arrive less than n x `ageingMs`
   * after it. Positive and finite, so that nothing starves.
   */
  readonly ageingMs: number;
}

export type Offer =
  { readonly state: 'accepted' } | { readonly state: 'full'; readonly limit: number };

export type NextBatch<R> =
  | { readonly state: 'batch'; readonly requests: readonly [R, ...R[]] }
  /** Nothing to run before then, unless a request is offered. */
  | { readonly state: 'wait'; readonly untilMs: number }
  | { readonly state: 'empty' };

const ACCEPTED: Offer = Object.freeze({ state: 'accepted' });
const EMPTY = Object.freeze({ state: 'empty' });

/**
 * Which requests run together, and when: a pure policy that starts no timer and reads
 * no clock. The same offers at the same times give the same batches.
 *
 * The next batch is led by the most urgent request of those that need not wait, and
 * filled with requests of its shape in order of urgency until the next one does not
 * fit: no request overtakes another of its own shape and priority. Urgency falls with
 * priority and rises with the time waited (`ageingMs`). A batch need not wait when it
 * cannot grow, when its oldest request has waited `maxDelayMs`, or when a deadline is
 * near. A full batch goes before one that waits for company, however urgent.
 *
 * With n requests waiting: offer, cancel and expire O(log n) a request, next O(log n)
 * for each request of the batch, memory O(n), n at most `maxQueued`.
 */
export class BatchQueue<R extends BatchRequest> {
  readonly #options: BatchQueueOptions;
  readonly #entries = new Map<number, LaneEntry<R>>();
  readonly #lanes: LaneSchedule<R>;
  readonly #deadlines = new IndexedHeap<LaneEntry<R>>(isDueBefore);
  #offers = 0;

  constructor(options: BatchQueueOptions) {
    this.#options = options;
    this.#lanes = new LaneSchedule(options);
  }

  /** Requests that wait. */
  get size(): number {
    return this.#entries.size;
  }

  /** When the first of the waiting requests expires, or null. O(1). */
  get earliestDeadlineMs(): number | null {
    return this.#deadlines.peek()?.request.deadlineAtMs ?? null;
  }

  /** Takes a request in, unless the queue is full. Offers come in ascending order of arrival. */
  offer(request: R): Offer {
    const { maxQueued } = this.#options;
    if (this.#entries.size >= maxQueued) return { state: 'full', limit: maxQueued };
    const lane = this.#lanes.laneOf(request.shapeKey);
    const entry = this.#entryOf(request, lane);
    this.#entries.set(request.id, entry);
    if (request.deadlineAtMs !== null) this.#deadlines.push(entry);
    lane.append(entry);
    this.#lanes.place(lane);
    return ACCEPTED;
  }

  /**
   * The batch to run now, whose requests leave the queue. Call `expire` first.
   * `marginMs`: how long before its deadline a request must be started at the latest, as
   * far as waiting for company is concerned; the time that a batch takes.
   */
  next(nowMs: number, marginMs = 0): NextBatch<R> {
    this.#lanes.wakeDelayed(nowMs);
    const due = this.#deadlines.peek();
    // Where a batch is ready nobody waits, and the deadline has its turn after that one.
    if (due !== undefined && this.#lanes.ready === undefined && deadlineOf(due) - marginMs <= nowMs)
      this.#lanes.wake(due.lane);
    const lane = this.#lanes.ready;
    if (lane !== undefined) return { state: 'batch', requests: this.#take(lane) };
    if (this.size === 0) return EMPTY;
    const dueMs = due === undefined ? Number.POSITIVE_INFINITY : deadlineOf(due);
    return { state: 'wait', untilMs: Math.min(this.#lanes.nextWakeMs, dueMs - marginMs) };
  }

  /** The requests whose deadline is reached; they leave the queue, the earliest first. */
  expire(nowMs: number): readonly R[] {
    const expired: R[] = [];
    let first = this.#deadlines.peek();
    while (first !== undefined && deadlineOf(first) <= nowMs) {
      this.#removeEntry(first);
      this.#lanes.place(first.lane);
      expired.push(first.request);
      first = this.#deadlines.peek();
    }
    return expired;
  }

  /** Takes a request out; undefined where it does not wait (any more). */
  cancel(id: number): R | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined) return undefined;
    this.#removeEntry(entry);
    this.#lanes.place(entry.lane);
    return entry.request;
  }

  #entryOf(request: R, lane: RequestLane<R>): LaneEntry<R> {
    this.#offers += 1;
    return {
      heapIndex: -1,
      request,
      lane,
      order: this.#offers,
      // Ageing without bookkeeping: of two requests the difference of
      // (priority x ageing - time waited) is the same at all times.
      rank: request.arrivedAtMs + (request.priority - 1) * this.#options.ageingMs,
      previous: null,
      next: null,
    };
  }

  #take(lane: RequestLane<R>): readonly [R, ...R[]] {
    const first = lane.leader as LaneEntry<R>;
    this.#removeEntry(first);
    const requests: [R, ...R[]] = [first.request];
    let room = this.#options.maxSize - first.request.samples;
    while (lane.leader !== null && lane.leader.request.samples <= room) {
      const entry = lane.leader;
      room -= entry.request.samples;
      this.#removeEntry(entry);
      requests.push(entry.request);
    }
    this.#lanes.place(lane);
    return requests;
  }

  /** Leaves the lane to be placed. */
  #removeEntry(entry: LaneEntry<R>): void {
    this.#entries.delete(entry.request.id);
    this.#deadlines.remove(entry);
    entry.lane.remove(entry);
  }
}

function isDueBefore<R extends BatchRequest>(a: LaneEntry<R>, b: LaneEntry<R>): boolean {
  const difference = deadlineOf(a) - deadlineOf(b);
  return difference < 0 || (difference === 0 && a.order < b.order);
}

/** Of an entry among the deadlines. */
function deadlineOf<R extends BatchRequest>(entry: LaneEntry<R>): number {
  return entry.request.deadlineAtMs as number;
}
