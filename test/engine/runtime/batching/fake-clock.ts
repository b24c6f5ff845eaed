import type { BatchClock } from '../../../../engine/runtime/batching/batch-clock.ts';

interface FakeTimer {
  readonly atMs: number;
  readonly callback: () => void;
}

/** A clock that stands still until it is told to go on; timers ring exactly on time. */
export class FakeClock implements BatchClock {
  #nowMs: number;
  #timers: FakeTimer[] = [];
  /** Timers that were ever set. */
  timersSet = 0;

  constructor(nowMs = 0) {
    this.#nowMs = nowMs;
  }

  /** Timers that have neither rung nor been called off. */
  get pendingTimers(): number {
    return this.#timers.length;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  setTimer(callback: () => void, delayMs: number): () => void {
    const timer = { atMs: this.#nowMs + delayMs, callback };
    this.#timers.push(timer);
    this.timersSet += 1;
    return () => (this.#timers = this.#timers.filter((other) => other !== timer));
  }

  /** Goes on to a time, ringing what is due on the way, and lets promises settle after each. */
  async advanceTo(atMs: number): Promise<void> {
    await settle();
    let timer = this.#firstDue(atMs);
    while (timer !== undefined) {
      const rung = timer;
      this.#timers = this.#timers.filter((other) => other !== rung);
      this.#nowMs = Math.max(this.#nowMs, rung.atMs);
      rung.callback();
      await settle();
      timer = this.#firstDue(atMs);
    }
    this.#nowMs = atMs;
  }

  #firstDue(atMs: number): FakeTimer | undefined {
    let first: FakeTimer | undefined;
    for (const timer of this.#timers) {
      if (timer.atMs <= atMs && (first === undefined || timer.atMs < first.atMs)) first = timer;
    }
    return first;
  }
}

/** Lets every promise that can settle do so. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
