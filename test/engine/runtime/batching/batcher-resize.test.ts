import { describe, expect, it } from 'vitest';
import { DeadlineError } from '../../../../engine/runtime/batching/batch-errors.ts';
import { Batcher } from '../../../../engine/runtime/batching/batcher.ts';
import type { BatcherOptions } from '../../../../engine/runtime/batching/batcher-options.ts';
import { FakeClock } from './fake-clock.ts';
import { feeds, MockTarget, type MockFeeds } from './mock-target.ts';

/** A batcher of batches of 4, each of which takes 10 ms. */
function createBench(options: Partial<BatcherOptions<MockFeeds, string>> = {}): {
  readonly clock: FakeClock;
  readonly target: MockTarget;
  readonly batcher: Batcher<MockFeeds, string>;
} {
  const clock = new FakeClock();
  const target = new MockTarget({ clock, runMs: 10 });
  const batcher = new Batcher({ clock, target, slots: 1, maxSize: 4, ...options });
  return { clock, target, batcher };
}

describe('resize', () => {
  it('to no slots lets requests wait, and starts them when there are some again', async () => {
    const { clock, target, batcher } = createBench();
    batcher.resize(0);
    const answers = ['a', 'b'].map((name) => batcher.submit(feeds(name)));
    await clock.advanceTo(100);
    expect(target.log).toEqual([]);
    batcher.resize(1);
    await clock.advanceTo(110);
    expect(target.log).toEqual(['100: a b']);
    expect(await Promise.all(answers)).toEqual(['A', 'B']);
  });

  it('below what runs starts nothing until enough has ended', async () => {
    const { clock, target, batcher } = createBench({ slots: 2, maxSize: 1 });
    const answers = ['a', 'b', 'c', 'd'].map((name) => batcher.submit(feeds(name)));
    await clock.advanceTo(5);
    batcher.resize(1);
    await clock.advanceTo(40);
    expect(target.log).toEqual(['0: a', '0: b', '10: c', '20: d']);
    expect(await Promise.all(answers)).toEqual(['A', 'B', 'C', 'D']);
  });

  it('lets a deadline pass while there is no slot', async () => {
    const { clock, batcher } = createBench();
    batcher.resize(0);
    const late = batcher.submit(feeds('a'), { deadlineMs: 5 }).catch((thrown: unknown) => thrown);
    await clock.advanceTo(5);
    expect(await late).toBeInstanceOf(DeadlineError);
  });
});
