import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../engine/base/clock.ts';

describe('systemClock', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('sleeps for the time that was asked for', async () => {
    let slept = false;
    const sleep = systemClock.sleep(50).then(() => (slept = true));
    await vi.advanceTimersByTimeAsync(49);
    expect(slept).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(slept).toBe(true);
    await sleep;
  });

  it('wakes with the reason of the abort, and leaves no timer', async () => {
    const controller = new AbortController();
    const reason = new Error('stopped');
    const sleep = systemClock.sleep(50, controller.signal);
    controller.abort(reason);
    await expect(sleep).rejects.toBe(reason);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('does not sleep under a signal that is aborted already', async () => {
    const reason = new Error('stopped');
    await expect(systemClock.sleep(50, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('lets go of the signal when it wakes', async () => {
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, 'addEventListener');
    const removed = vi.spyOn(signal, 'removeEventListener');
    const sleep = systemClock.sleep(50, signal);
    await vi.advanceTimersByTimeAsync(50);
    await sleep;
    expect(removed.mock.calls).toEqual([['abort', added.mock.calls[0]?.[1]]]);
  });

  it('does not wait for a time that is past, nor does the process warn of it', async () => {
    vi.useRealTimers();
    await expect(systemClock.sleep(-20)).resolves.toBeUndefined();
  });

  it.each([2 ** 31, Infinity, Number.NaN])(
    'refuses to sleep for %d ms, which a timer would take for 1',
    async (ms) => {
      await expect(systemClock.sleep(ms)).rejects.toThrow(RangeError);
    },
  );

  it('has a monotonic time for durations and a wall time for records', () => {
    vi.useRealTimers();
    const start = systemClock.nowMs();
    expect(systemClock.nowMs()).toBeGreaterThanOrEqual(start);
    expect(start).toBeCloseTo(performance.now(), -3);
    expect(Math.abs(systemClock.date().getTime() - Date.now())).toBeLessThan(1000);
  });
});
