import { describe, expect, test } from 'vitest';
import type { Clock } from '../../../../engine/base/clock.ts';
import { DeadlineWatch } from '../../../../engine/runtime/process/deadline-watch.ts';
import { virtualClock, type VirtualClock } from '../../../support/virtual-clock.ts';

function watched(): {
  clock: VirtualClock;
  watch: DeadlineWatch;
  passedMs: number[];
  sleeps: number[];
} {
  const clock = virtualClock();
  const sleeps: number[] = [];
  const counting: Clock = {
    ...clock,
    sleep: (ms, signal) => {
      sleeps.push(ms);
      return clock.sleep(ms, signal);
    },
  };
  const passedMs: number[] = [];
  const watch = new DeadlineWatch(counting, () => passedMs.push(clock.nowMs()));
  return { clock, watch, passedMs, sleeps };
}

describe('deadline watch', () => {
  test('tells once when the deadline passes', async () => {
    const { clock, watch, passedMs } = watched();
    watch.watch(70);
    await clock.run(clock.waitUntil(1000));
    expect(passedMs).toEqual([70]);
  });

  test('is silent where the request was answered in time', async () => {
    const { clock, watch, passedMs } = watched();
    watch.watch(70);
    await clock.run(clock.waitUntil(50));
    watch.clear();
    await clock.run(clock.waitUntil(1000));
    expect(passedMs).toEqual([]);
  });

  test('watches the newest deadline, later or earlier, or none', async () => {
    const { clock, watch, passedMs } = watched();
    watch.watch(70);
    watch.watch(300);
    await clock.run(clock.waitUntil(100));
    expect(passedMs).toEqual([]);
    watch.watch(200);
    await clock.run(clock.waitUntil(1000));
    expect(passedMs).toEqual([200]);
    watch.watch(1100);
    watch.watch(undefined);
    await clock.run(clock.waitUntil(2000));
    expect(passedMs).toEqual([200]);
  });

  test('sets one timer for many requests in a row', async () => {
    const { clock, watch, passedMs, sleeps } = watched();
    for (let at = 0; at < 1000; at += 1) {
      await clock.run(clock.waitUntil(at));
      watch.watch(at + 500);
      watch.clear();
    }
    watch.watch(1400);
    await clock.run(clock.waitUntil(3000));
    expect(passedMs).toEqual([1400]);
    expect(sleeps.length).toBeLessThanOrEqual(4);
  });

  test('never sleeps longer than a timer can count', async () => {
    const { clock, watch, passedMs, sleeps } = watched();
    watch.watch(2 ** 32);
    await clock.run(clock.waitUntil(2 ** 32 + 1));
    expect(passedMs).toEqual([2 ** 32]);
    expect(Math.max(...sleeps)).toBeLessThan(2 ** 31);
  });

  test('holds no timer after close', async () => {
    const { clock, watch, passedMs } = watched();
    watch.watch(70);
    watch.close();
    await clock.run(clock.waitUntil(1000));
    expect(passedMs).toEqual([]);
  });
});
