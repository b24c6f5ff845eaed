import type { Clock } from '../../engine/base/clock.ts';

/** A clock that jumps to the next thing that is waited for, so that hours take milliseconds. */
export interface VirtualClock extends Clock {
  waitUntil(ms: number): Promise<void>;
  /** Runs until the work settles, and gives what it gave. */
  run<T>(work: Promise<T>): Promise<T>;
  /** Time passes without anybody waiting for it: a stalled process. */
  advance(ms: number): void;
}

export function virtualClock(): VirtualClock {
  let now = 0;
  let order = 0;
  let due: { readonly at: number; readonly order: number; readonly wake: () => void }[] = [];
  const waitUntil = (at: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const entry = { at, order: (order += 1), wake: resolve };
      due.push(entry);
      signal?.addEventListener('abort', () => {
        due = due.filter((one) => one !== entry);
        reject(signal.reason as Error);
      });
    });
  const wakeNext = (): void => {
    let next = due[0];
    for (const entry of due) {
      if (next === undefined || entry.at < next.at) next = entry;
    }
    if (next === undefined) return;
    due = due.filter((entry) => entry !== next);
    now = Math.max(now, next.at);
    next.wake();
  };
  return {
    nowMs: () => now,
    date: () => new Date(now),
    sleep: (ms, signal) => waitUntil(now + ms, signal),
    waitUntil: (ms) => waitUntil(ms),
    advance: (ms) => {
      now += ms;
    },
    run: async (work) => {
      const state = { settled: false };
      const watched = work.finally(() => {
        state.settled = true;
      });
      watched.catch(() => undefined);
      while (!state.settled) {
        // Lets everything that a wake-up set in motion come to rest.
        await new Promise((resolve) => setImmediate(resolve));
        if (!state.settled) wakeNext();
      }
      return watched;
    },
  };
}
