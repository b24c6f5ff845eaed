import { systemClock, type Clock } from '../../base/clock.ts';

/** The time of the batcher. `Clock.sleep` costs two promises and a signal a wait; this costs a timer. */
export interface BatchClock extends Pick<Clock, 'nowMs'> {
  /**
   * Calls back once, after `delayMs` or a little later; gives the function that calls it
   * off. It may call back early where the delay is beyond what a timer holds: look at the clock.
   */
  setTimer(callback: () => void, delayMs: number): () => void;
}

/** Timers count milliseconds in 32 bits: a longer wait would end after one, with a warning. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Timers of whole milliseconds: a delay of 0.2 ms takes 1 to 2. */
export const systemBatchClock: BatchClock = Object.freeze({
  nowMs: () => systemClock.nowMs(),
  setTimer: (callback: () => void, delayMs: number) => {
    const timer = setTimeout(callback, Math.min(Math.ceil(delayMs), MAX_TIMER_MS));
    return () => clearTimeout(timer);
  },
});
