import type { BatchClock } from './batch-clock.ts';

/** One timer that is set again only where it must ring earlier; a ring too early does no harm. */
export class Wakeup {
  readonly #clock: BatchClock;
  readonly #ring: () => void;
  #atMs = Number.POSITIVE_INFINITY;
  #cancelTimer: (() => void) | null = null;

  constructor(clock: BatchClock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Rings at that time or earlier; infinity: not at all, so that nothing keeps the process alive. */
  set(atMs: number): void {
    if (atMs === Number.POSITIVE_INFINITY) {
      this.#clear();
      return;
    }
    if (this.#atMs <= atMs) return;
    this.#clear();
    this.#atMs = atMs;
    const delayMs = Math.max(0, atMs - this.#clock.nowMs());
    this.#cancelTimer = this.#clock.setTimer(() => {
      this.#cancelTimer = null;
      this.#atMs = Number.POSITIVE_INFINITY;
      this.#ring();
    }, delayMs);
  }

  #clear(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#atMs = Number.POSITIVE_INFINITY;
  }
}
