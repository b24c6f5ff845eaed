/** Time, passed in so that tests can own it. */
export interface Clock {
  /** Monotonic milliseconds from an arbitrary origin, for durations. */
  nowMs(): number;
  /** Wall time, for records. */
  date(): Date;
  /**
   * Resolves after `ms`, at once where that is past; rejects with the signal's
   * reason when it aborts. Throws RangeError beyond 2^31 - 1 ms, 24.8 days.
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Timers count in 32 bits: a longer wait would end after a millisecond, with a warning. */
const MAX_SLEEP_MS = 2 ** 31 - 1;

export const systemClock: Clock = Object.freeze({
  nowMs: () => performance.now(),
  date: () => new Date(),
  sleep: (ms: number, signal?: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        clearTimeout(timer);
        reject(signal?.reason as Error);
      };
      if (signal?.aborted === true) {
        reject(signal.reason as Error);
        return;
      }
      if (!(ms <= MAX_SLEEP_MS)) throw new RangeError(`cannot sleep for ${ms} ms`);
      const timer = setTimeout(
        () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
        Math.max(0, ms),
      );
      signal?.addEventListener('abort', onAbort, { once: true });
    }),
});
