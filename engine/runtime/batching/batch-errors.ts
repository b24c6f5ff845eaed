import { UserError } from '../../base/errors.ts';

/** A request that had no answer when its deadline was reached, whether it waited or ran. */
export class DeadlineError extends UserError {
  override readonly name = 'DeadlineError';
  /** The time that the request was given, in milliseconds from its submission. */
  readonly deadlineMs: number;

  constructor(deadlineMs: number) {
    super(`the request was not answered within its deadline of ${deadlineMs} ms`, {
      remedy: 'send fewer requests at once, use more replicas, or allow more time',
    });
    this.deadlineMs = deadlineMs;
  }
}

/** A request that was refused because too many wait already; it may be sent again later. */
export class QueueFullError extends UserError {
  override readonly name = 'QueueFullError';
  /** Requests that may wait. */
  readonly limit: number;

  constructor(limit: number) {
    super(`the engine's queue is full: ${limit} requests wait already`, {
      remedy: 'send fewer requests at once, or use more replicas',
    });
    this.limit = limit;
  }
}
