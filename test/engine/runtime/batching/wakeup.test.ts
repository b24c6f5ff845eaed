import { describe, expect, it } from 'vitest';
import { Wakeup } from '../../../../engine/runtime/batching/wakeup.ts';
import { FakeClock } from './fake-clock.ts';

function createWakeup(): { clock: FakeClock; wakeup: Wakeup; rings: number[] } {
  const clock = new FakeClock();
  const rings: number[] = [];
  return { clock, rings, wakeup: new Wakeup(clock, () => rings.push(clock.nowMs())) };
}

describe('Wakeup', () => {
  it('rings once, at its time', async () => {
    const { clock, wakeup, rings } = createWakeup();
    wakeup.set(5);
    await clock.advanceTo(20);
    expect(rings).toEqual([5]);
  });

  it('rings at the earlier of two times, with one timer', async () => {
    const { clock, wakeup, rings } = createWakeup();
    wakeup.set(9);
    wakeup.set(4);
    wakeup.set(6);
    expect(clock.timersSet).toBe(2);
    expect(clock.pendingTimers).toBe(1);
    await clock.advanceTo(20);
    expect(rings).toEqual([4]);
  });

  it('can be set again after it rang, also to a later time', async () => {
    const { clock, wakeup, rings } = createWakeup();
    wakeup.set(4);
    await clock.advanceTo(4);
    wakeup.set(7);
    await clock.advanceTo(20);
    expect(rings).toEqual([4, 7]);
  });

  it('does not ring when called off, and rings at once for a time that is past', async () => {
    const { clock, wakeup, rings } = createWakeup();
    wakeup.set(4);
    wakeup.set(Number.POSITIVE_INFINITY);
    expect(clock.pendingTimers).toBe(0);
    await clock.advanceTo(10);
    wakeup.set(3);
    await clock.advanceTo(10);
    expect(rings).toEqual([10]);
  });
});
