/** What a batcher has done since it was made. Times in milliseconds. */
export interface BatcherStats {
  /** Requests that wait now. */
  readonly queued: number;
  /** Requests that run now. */
  readonly running: number;
  /** Requests that were started, each counted once. */
  readonly started: number;
  /** Sum over the started requests of the time from submission to start. */
  readonly queueWaitTotalMs: number;
  /** Runs, failed ones and repetitions one by one included. */
  readonly batches: number;
  /** Samples of these runs. */
  readonly samples: number;
  /** How many runs had how many samples; only sizes that occurred. */
  readonly batchSizes: readonly BatchSizeCount[];
  /** Merged batches that failed and whose requests were then run one by one. */
  readonly splitBatches: number;
  /** Requests that were run again because of a failure that says nothing of them. */
  readonly retried: number;
  /** Requests that were refused because the queue was full. */
  readonly refused: number;
  /** Requests whose deadline was reached before they were answered. */
  readonly expired: number;
  /** Requests whose signal aborted before they were answered. */
  readonly aborted: number;
}

export interface BatchSizeCount {
  /** Samples of at most this power of two, and more than the half of it. */
  readonly upTo: number;
  readonly count: number;
}

/** Powers of two from 1 to 2^31: bounds the histogram, whatever callers send. */
const SIZE_BUCKETS = 32;

/** The counters behind `BatcherStats`; fixed memory. */
export class BatcherCounters {
  started = 0;
  queueWaitTotalMs = 0;
  batches = 0;
  samples = 0;
  splitBatches = 0;
  retried = 0;
  refused = 0;
  expired = 0;
  aborted = 0;
  readonly #sizes = new Float64Array(SIZE_BUCKETS);

  countRun(samples: number): void {
    this.batches += 1;
    this.samples += samples;
    // The exponent of the next power of two: bits of samples - 1.
    const bucket = samples <= 1 ? 0 : Math.min(SIZE_BUCKETS - 1, 32 - Math.clz32(samples - 1));
    this.#sizes[bucket] = (this.#sizes[bucket] as number) + 1;
  }

  snapshot(now: Pick<BatcherStats, 'queued' | 'running'>): BatcherStats {
    return {
      ...now,
      started: this.started,
      queueWaitTotalMs: this.queueWaitTotalMs,
      batches: this.batches,
      samples: this.samples,
      batchSizes: [...this.#sizes]
        .map((count, exponent) => ({ upTo: 2 ** exponent, count }))
        .filter(({ count }) => count > 0),
      splitBatches: this.splitBatches,
      retried: this.retried,
      refused: this.refused,
      expired: this.expired,
      aborted: this.aborted,
    };
  }
}
