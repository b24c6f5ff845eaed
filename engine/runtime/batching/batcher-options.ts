import { UsageError } from '../../base/errors.ts';
import type { BatchClock } from './batch-clock.ts';
import type { BatchQueueOptions } from './batch-queue.ts';
import { DEFAULT_PRIORITY, PRIORITY_LEVELS } from './batch-request.ts';

/** What runs the batches: a model, or a mock of one. */
export interface BatchTarget<Feeds, Answer> {
  /** Rows of a request along the batch dimension. */
  samplesOf(feeds: Feeds): number;
  /** See `BatchRequest.shapeKey`. */
  shapeKeyOf(feeds: Feeds): string | null;
  /**
   * Runs requests of equal shape keys as one, or one of any shape; as many answers, in
   * their order. `deadlineAtMs`, on the batcher's clock: from then on nobody waits for
   * any of them; null: somebody waits for ever.
   */
  run(
    requests: readonly [Feeds, ...Feeds[]],
    deadlineAtMs: number | null,
  ): Promise<readonly Answer[]>;
}

export interface BatcherOptions<Feeds, Answer> extends Partial<BatchQueueOptions> {
  readonly target: BatchTarget<Feeds, Answer>;
  /** Batches that run at the same time: one for each replica. */
  readonly slots: number;
  readonly clock: BatchClock;
  /**
   * Whether a failure says nothing of a request that ran alone (a replica died): it is run
   * again, once. Default: never.
   */
  readonly isRetryable?: (thrown: unknown) => boolean;
}

/** A request at a time, at once, 1024 in the queue, one level of priority worth a second. */
export const DEFAULT_BATCH_QUEUE: BatchQueueOptions = Object.freeze({
  maxSize: 1,
  maxDelayMs: 0,
  maxQueued: 1024,
  ageingMs: 1000,
});

export interface SubmitOptions {
  /**
   * Milliseconds from now within which the request must be answered; default: no limit. A
   * request that runs then fails at once, though its run may go on. Reached already (0 or less, where it was passed on) it fails at once.
   */
  readonly deadlineMs?: number | undefined;
  /** 1 (most urgent) to 5; default 3. */
  readonly priority?: number | undefined;
  /** Gives the request up: it leaves the queue, or its answer is dropped. */
  readonly signal?: AbortSignal | undefined;
}

/** Throws UsageError, naming the option and what is allowed. */
export function checkBatcherOptions(queue: BatchQueueOptions, slots: number): void {
  checkCount('slots', slots);
  checkCount('maxSize', queue.maxSize);
  checkCount('maxQueued', queue.maxQueued);
  check('maxDelayMs', queue.maxDelayMs, { holds: (ms) => ms >= 0, allowed: '0 or more' });
  check('ageingMs', queue.ageingMs, { holds: (ms) => ms > 0, allowed: 'more than 0' });
}

/** What is wrong with the options of a request, or null. */
export function checkSubmitOptions(options: SubmitOptions): UsageError | null {
  const { deadlineMs = 0, priority = DEFAULT_PRIORITY } = options;
  if (Number.isNaN(deadlineMs)) {
    return new UsageError('deadlineMs must be a number of milliseconds, not NaN');
  }
  if (!Number.isInteger(priority) || priority < 1 || priority > PRIORITY_LEVELS) {
    return new UsageError(
      `priority must be a whole number from 1 (most urgent) to ${PRIORITY_LEVELS}, not ${priority}`,
    );
  }
  return null;
}

function checkCount(name: string, value: number): void {
  check(name, value, {
    holds: (count) => Number.isInteger(count) && count >= 1,
    allowed: 'a whole number of 1 or more',
  });
}

interface Requirement {
  readonly holds: (value: number) => boolean;
  readonly allowed: string;
}

function check(name: string, value: number, requirement: Requirement): void {
  if (Number.isFinite(value) && requirement.holds(value)) return;
  throw new UsageError(`${name} of the batcher must be ${requirement.allowed}, not ${value}`);
}
