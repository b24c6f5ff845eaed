import type { Clock } from '../../base/clock.ts';

/** How long one sleep may be: timers count in 32 bits. */
const LONGEST_SLEEP_MS = 2 ** 30;

/**
 * Calls `onPassed` when the deadline that is watched passes. One sleep serves
 * many deadlines in a row: while they move on faster than they pass, watching
 * one costs an assignment, not a timer.
 */
export class DeadlineWatch {
  readonly #clock: Clock;
  readonly #onPassed: () => void;
  #deadlineAtMs = Number.POSITIVE_INFINITY;
  #wakesAtMs = Number.POSITIVE_INFINITY;
  #sleep = new AbortController();

  constructor(clock: Clock, onPassed: () => void) {
    this.#clock = clock;
    this.#onPassed = onPassed;
  }

  /** Replaces the deadline; `undefined` is none. */
  watch(deadlineAtMs: number | undefined): void {
    this.#deadlineAtMs = deadlineAtMs ?? Number.POSITIVE_INFINITY;
    if (this.#deadlineAtMs < this.#wakesAtMs) void this.#sleepUntil(this.#deadlineAtMs);
  }

  /** Watches no deadline; a sleep that is under way finds nothing to do. */
  clear(): void {
    this.#deadlineAtMs = Number.POSITIVE_INFINITY;
  }

  /** Lets no sleep keep the process alive. */
  close(): void {
    this.clear();
    this.#wakesAtMs = Number.POSITIVE_INFINITY;
    this.#sleep.abort();
  }

  async #sleepUntil(atMs: number): Promise<void> {
    this.#sleep.abort();
    this.#sleep = new AbortController();
    const { signal } = this.#sleep;
    this.#wakesAtMs = atMs;
    const sleepMs = Math.min(LONGEST_SLEEP_MS, Math.max(0, atMs - this.#clock.nowMs()));
    const isAwake = await this.#clock.sleep(sleepMs, signal).then(
      () => true,
      () => false,
    );
    if (isAwake) this.#wake();
  }

  #wake(): void {
    this.#wakesAtMs = Number.POSITIVE_INFINITY;
    const deadlineAtMs = this.#deadlineAtMs;
    if (deadlineAtMs > this.#clock.nowMs()) {
      this.watch(deadlineAtMs);
      return;
    }
    this.clear();
    this.#onPassed();
  }
}
