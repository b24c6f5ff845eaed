import { describe, expect, test } from 'vitest';
import { driveOpenLoop } from '../../../suites/scenarios/open-loop.ts';
import { generatorThread } from '../../../suites/scenarios/generator-thread.ts';
import { systemClock } from '../../../engine/base/clock.ts';

function shared(values: readonly number[]): Float64Array<SharedArrayBuffer> {
  const array = new Float64Array(new SharedArrayBuffer(8 * values.length));
  array.set(values);
  return array;
}

function blockFor(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

const clock = {
  nowMs: () => systemClock.nowMs(),
  sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(ms, signal),
};

describe('the generator in its own thread (real time)', () => {
  test('keeps its schedule while the engine blocks its own thread', async () => {
    const arrivalsMs = shared(Array.from({ length: 20 }, (_, index) => index * 10));
    const load = await driveOpenLoop(async () => blockFor(30), {
      arrivalsMs,
      pacer: generatorThread(arrivalsMs),
      window: 1,
      drainMs: 5000,
      giveUp: null,
      ...clock,
    });
    expect(load.latenciesMs).toHaveLength(20);
    expect(load.unanswered).toBe(0);
    // 20 answers of 30 ms against a schedule of 10 ms: the last one waits about 400 ms.
    expect(Math.max(...load.latenciesMs)).toBeGreaterThan(350);
    // The generator itself was not held up by any of it (slack for a busy machine).
    expect([...load.lagsMs].sort((a, b) => a - b)[10]).toBeLessThan(20);
  });

  test('stops announcing when it is told to', async () => {
    const arrivalsMs = shared([0, 1, 60_000]);
    const schedule = await generatorThread(arrivalsMs).start(() => undefined);
    await systemClock.sleep(50);
    schedule.stop();
    expect(await schedule.lagsMs).toHaveLength(2);
  });
});
