import { PRIORITY_LEVELS, type BatchRequest } from './batch-request.ts';
import type { HeapItem } from './indexed-heap.ts';

/** A request as it waits: links of its lane, and its place among the deadlines. */
export interface LaneEntry<R extends BatchRequest> extends HeapItem {
  readonly request: R;
  readonly lane: RequestLane<R>;
  /** Number of the offer: ties are broken by it, so that every schedule is determined. */
  readonly order: number;
  /** When the request would have arrived if it had the highest priority; the least is next. */
  readonly rank: number;
  previous: LaneEntry<R> | null;
  next: LaneEntry<R> | null;
}

/** For each priority, nothing. */
const NO_ENTRIES: readonly null[] = Array.from({ length: PRIORITY_LEVELS }, () => null);

/**
 * The waiting requests that may share a batch: one first-in-first-out list for each
 * priority, linked, so that a cancelled request leaves in O(1). Finding the next
 * leader costs O(priority levels), whatever the length.
 */
export class RequestLane<R extends BatchRequest> implements HeapItem {
  heapIndex = -1;
  /** What the requests have in common; null: a lane of one request that never merges. */
  readonly shapeKey: string | null;
  /** Sum of the waiting requests' samples. */
  samples = 0;
  /** The most urgent request: the first of the next batch. */
  leader: LaneEntry<R> | null = null;
  /** The request that has waited longest. */
  oldest: LaneEntry<R> | null = null;
  readonly #heads: (LaneEntry<R> | null)[] = [...NO_ENTRIES];
  readonly #tails: (LaneEntry<R> | null)[] = [...NO_ENTRIES];

  constructor(shapeKey: string | null) {
    this.shapeKey = shapeKey;
  }

  /** Entries come in ascending `order`, and in ascending `rank` within a priority. */
  append(entry: LaneEntry<R>): void {
    const level = entry.request.priority - 1;
    const tail = this.#tails[level] ?? null;
    entry.previous = tail;
    if (tail === null) this.#heads[level] = entry;
    else tail.next = entry;
    this.#tails[level] = entry;
    this.samples += entry.request.samples;
    this.oldest ??= entry;
    if (this.leader === null || isMoreUrgent(entry, this.leader)) this.leader = entry;
  }

  remove(entry: LaneEntry<R>): void {
    const level = entry.request.priority - 1;
    if (entry.previous === null) this.#heads[level] = entry.next;
    else entry.previous.next = entry.next;
    if (entry.next === null) this.#tails[level] = entry.previous;
    else entry.next.previous = entry.previous;
    this.samples -= entry.request.samples;
    if (entry === this.leader) this.leader = this.#first(isMoreUrgent);
    if (entry === this.oldest) this.oldest = this.#first(isOlder);
  }

  /** Within a priority the first is both the oldest and the most urgent. */
  #first(before: (a: LaneEntry<R>, b: LaneEntry<R>) => boolean): LaneEntry<R> | null {
    let first: LaneEntry<R> | null = null;
    for (const head of this.#heads) {
      if (head !== null && (first === null || before(head, first))) first = head;
    }
    return first;
  }
}

/** Whether `a` is to be run before `b`. */
export function isMoreUrgent(a: Ranked, b: Ranked): boolean {
  return a.rank < b.rank || (a.rank === b.rank && a.order < b.order);
}

interface Ranked {
  readonly rank: number;
  readonly order: number;
}

function isOlder(a: Ranked, b: Ranked): boolean {
  return a.order < b.order;
}
