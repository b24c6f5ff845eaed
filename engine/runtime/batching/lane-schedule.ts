import type { BatchRequest } from './batch-request.ts';
import { IndexedHeap } from './indexed-heap.ts';
import { isMoreUrgent, type LaneEntry, RequestLane } from './request-lane.ts';

export interface LaneScheduleOptions {
  readonly maxSize: number;
  readonly maxDelayMs: number;
}

/**
 * The lanes that hold requests, in two orders: those whose batch need not wait, the
 * most urgent leader first, and those that may grow, the longest waiting first. As
 * many lanes as distinct shapes wait; each change costs O(log lanes).
 */
export class LaneSchedule<R extends BatchRequest> {
  readonly #options: LaneScheduleOptions;
  readonly #byShape = new Map<string, RequestLane<R>>();
  readonly #ready = new IndexedHeap<RequestLane<R>>((a, b) =>
    isMoreUrgent(leaderOf(a), leaderOf(b)),
  );
  /** The delay is the same for all: the oldest arrival is the next to wake. */
  readonly #growing = new IndexedHeap<RequestLane<R>>(
    (a, b) => oldestOf(a).order < oldestOf(b).order,
  );

  constructor(options: LaneScheduleOptions) {
    this.#options = options;
  }

  /** The lane of the next batch, or undefined where none is ready. */
  get ready(): RequestLane<R> | undefined {
    return this.#ready.peek();
  }

  /** When the first of the growing lanes has waited long enough; infinity where none grows. */
  get nextWakeMs(): number {
    const lane = this.#growing.peek();
    return lane === undefined ? Number.POSITIVE_INFINITY : this.#wakeMs(lane);
  }

  /** The lane of a shape; a new one must be placed once it holds a request. */
  laneOf(shapeKey: string | null): RequestLane<R> {
    if (shapeKey === null) return new RequestLane(null);
    let lane = this.#byShape.get(shapeKey);
    if (lane === undefined) {
      lane = new RequestLane(shapeKey);
      this.#byShape.set(shapeKey, lane);
    }
    return lane;
  }

  /** Puts a lane where it belongs after its requests changed; an empty one is dropped. */
  place(lane: RequestLane<R>): void {
    this.#ready.remove(lane);
    this.#growing.remove(lane);
    if (lane.leader !== null) (this.#cannotGrow(lane) ? this.#ready : this.#growing).push(lane);
    else if (lane.shapeKey !== null) this.#byShape.delete(lane.shapeKey);
  }

  /** The lanes that have waited long enough become ready. */
  wakeDelayed(nowMs: number): void {
    let lane = this.#growing.peek();
    while (lane !== undefined && this.#wakeMs(lane) <= nowMs) {
      this.wake(lane);
      lane = this.#growing.peek();
    }
  }

  /** Makes a growing lane ready, until its requests change. */
  wake(lane: RequestLane<R>): void {
    this.#growing.remove(lane);
    this.#ready.push(lane);
  }

  #wakeMs(lane: RequestLane<R>): number {
    return oldestOf(lane).request.arrivedAtMs + this.#options.maxDelayMs;
  }

  /** With `maxSize` samples or more, either the batch is full or the next request does not fit. */
  #cannotGrow(lane: RequestLane<R>): boolean {
    return lane.shapeKey === null || lane.samples >= this.#options.maxSize;
  }
}

/** Lanes in a heap are never empty. */
function leaderOf<R extends BatchRequest>(lane: RequestLane<R>): LaneEntry<R> {
  return lane.leader as LaneEntry<R>;
}

function oldestOf<R extends BatchRequest>(lane: RequestLane<R>): LaneEntry<R> {
  return lane.oldest as LaneEntry<R>;
}
