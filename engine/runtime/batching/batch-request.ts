/** Priorities run from 1, the most urgent (as Triton has it), to this. */
export const PRIORITY_LEVELS = 5;

/** The middle: a request can be made more urgent, and less. */
export const DEFAULT_PRIORITY = 3;

/** What the queue must know of a request. Times are of one monotonic clock, in milliseconds. */
export interface BatchRequest {
  /** Unique among the requests that wait. */
  readonly id: number;
  /** Rows along the batch dimension. */
  readonly samples: number;
  /**
   * Names, types and trailing shapes of the inputs: only requests of equal keys share
   * a batch. Null merges with nothing, and waits for nothing.
   */
  readonly shapeKey: string | null;
  /** 1 (most urgent) to `PRIORITY_LEVELS`. */
  readonly priority: number;
  readonly arrivedAtMs: number;
  /** From here on nobody waits for the answer; null: never too late. */
  readonly deadlineAtMs: number | null;
}
