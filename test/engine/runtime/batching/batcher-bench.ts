import { Batcher } from '../../../../engine/runtime/batching/batcher.ts';
import type { BatcherOptions } from '../../../../engine/runtime/batching/batcher-options.ts';
import { FakeClock, settle } from './fake-clock.ts';
import { MockTarget, type MockFeeds } from './mock-target.ts';

export interface Bench {
  readonly clock: FakeClock;
  readonly target: MockTarget;
  readonly batcher: Batcher<MockFeeds, string>;
}

/** A batcher of batches of 4, each of which takes 10 ms. */
export function createBench(options: Partial<BatcherOptions<MockFeeds, string>> = {}): Bench {
  const clock = new FakeClock();
  const target = new MockTarget({ clock, runMs: 10 });
  return {
    clock,
    target,
    batcher: new Batcher({ clock, target, slots: 1, maxSize: 4, ...options }),
  };
}

/** How a promise ended by now: its value, the error, or 'pending'. */
export async function outcome(promise: Promise<string>): Promise<unknown> {
  return Promise.race([promise, settle().then(() => 'pending')]).catch((thrown: unknown) => thrown);
}

/** How a promise ends. */
export function outcomeAtEnd(promise: Promise<string>): Promise<unknown> {
  return promise.catch((thrown: unknown) => thrown);
}
