import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemBatchClock } from '../../../../engine/runtime/batching/batch-clock.ts';

describe('systemBatchClock', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('calls back once, after the delay rounded up to whole milliseconds', () => {
    const called = vi.fn<() => void>();
    systemBatchClock.setTimer(called, 4.2);
    vi.advanceTimersByTime(4);
    expect(called).not.toHaveBeenCalled();
    vi.advanceTimersByTime(100);
    expect(called).toHaveBeenCalledTimes(1);
  });

  it('does not call back when called off', () => {
    const called = vi.fn<() => void>();
    systemBatchClock.setTimer(called, 5)();
    vi.advanceTimersByTime(10);
    expect(called).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('does not take a delay beyond 2^31 ms for one millisecond, nor does the process warn', () => {
    const called = vi.fn<() => void>();
    const cancel = systemBatchClock.setTimer(called, 2 ** 40);
    vi.advanceTimersByTime(1000);
    expect(called).not.toHaveBeenCalled();
    cancel();
  });
});

describe('time', () => {
  it('is monotonic and counts milliseconds', () => {
    expect(systemBatchClock.nowMs()).toBeCloseTo(performance.now(), -3);
  });
});
