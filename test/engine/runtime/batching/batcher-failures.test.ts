import { describe, expect, it } from 'vitest';
import { DeadlineError } from '../../../../engine/runtime/batching/batch-errors.ts';
import { Batcher } from '../../../../engine/runtime/batching/batcher.ts';
import type { BatcherOptions } from '../../../../engine/runtime/batching/batcher-options.ts';
import { FakeClock } from './fake-clock.ts';
import { feeds, MockTarget, type MockFeeds } from './mock-target.ts';

const BAD = new Error('index out of range');

/** A batcher whose runs take 10 ms and fail where `bad` takes part. */
function createBench(options: Partial<BatcherOptions<MockFeeds, string>> = {}): {
  readonly clock: FakeClock;
  readonly target: MockTarget;
  readonly batcher: Batcher<MockFeeds, string>;
} {
  const clock = new FakeClock();
  const failure = (names: readonly string[]): Error | null => (names.includes('bad') ? BAD : null);
  const target = new MockTarget({ clock, runMs: 10, failure });
  return {
    clock,
    target,
    batcher: new Batcher({ clock, target, slots: 1, maxSize: 4, maxDelayMs: 1, ...options }),
  };
}

function ended(promises: readonly Promise<string>[]): Promise<unknown[]> {
  return Promise.all(promises.map((promise) => promise.catch((thrown: unknown) => thrown)));
}

describe('a failed run', () => {
  it('of several requests is repeated one by one, so that only the culprit fails', async () => {
    const { clock, target, batcher } = createBench();
    const answers = ended(['a', 'bad', 'c'].map((name) => batcher.submit(feeds(name))));
    await clock.advanceTo(41);
    expect(await answers).toEqual(['A', BAD, 'C']);
    expect(target.log).toEqual(['1: a bad c', '11: a', '21: bad', '31: c']);
    expect(batcher.stats()).toMatchObject({
      splitBatches: 1,
      batches: 4,
      samples: 6,
      started: 3,
      running: 0,
    });
  });

  it('of one request is not repeated', async () => {
    const { clock, target, batcher } = createBench();
    const answers = ended([batcher.submit(feeds('bad'))]);
    await clock.advanceTo(50);
    expect(await answers).toEqual([BAD]);
    expect(target.log).toEqual(['1: bad']);
  });

  it('at once, without a queue, gives its slot back', async () => {
    const { clock, target, batcher } = createBench({ maxDelayMs: 0 });
    const answers = ended(['bad', 'b'].map((name) => batcher.submit(feeds(name))));
    await clock.advanceTo(20);
    expect(await answers).toEqual([BAD, 'B']);
    expect(target.log).toEqual(['0: bad', '10: b']);
    expect(batcher.stats()).toMatchObject({ running: 0, queued: 0 });
  });

  it('that says nothing of its requests is repeated one by one, each once', async () => {
    const isRetryable = (thrown: unknown): boolean => thrown === BAD;
    const { clock, target, batcher } = createBench({ isRetryable });
    const answers = ended(['a', 'bad'].map((name) => batcher.submit(feeds(name))));
    await clock.advanceTo(50);
    expect(await answers).toEqual(['A', BAD]);
    expect(target.log).toEqual(['1: a bad', '11: a', '21: bad']);
    expect(batcher.stats()).toMatchObject({ retried: 2, started: 2, running: 0 });
  });

  it.each([
    ['at once', {}],
    ['from the queue', { deadlineMs: 100 }],
  ])('of one request that says nothing of it is repeated once: run %s', async (_, options) => {
    const lost = new Error('lost');
    const isRetryable = (thrown: unknown): boolean => thrown === lost;
    const { clock, target, batcher } = createBench({ maxDelayMs: 0, isRetryable });
    const run = target.run.bind(target);
    target.run = async (requests, deadlineAtMs) => {
      const answers = await run(requests, deadlineAtMs);
      if (target.runs.length === 1 || answers[0] === 'LOST') throw lost;
      return answers;
    };
    const answers = ended(['a', 'lost'].map((name) => batcher.submit(feeds(name), options)));
    await clock.advanceTo(50);
    expect(await answers).toEqual(['A', lost]);
    expect(target.log).toEqual(['0: a', '10: a', '20: lost', '30: lost']);
    expect(batcher.stats()).toMatchObject({ retried: 2, started: 2, running: 0 });
  });

  it('that says nothing of a request is not repeated after its deadline', async () => {
    const { clock, target, batcher } = createBench({ isRetryable: () => true });
    const answers = ended([batcher.submit(feeds('bad'), { deadlineMs: 8 })]);
    await clock.advanceTo(50);
    expect((await answers)[0]).toBeInstanceOf(DeadlineError);
    expect(target.log).toEqual(['1: bad']);
    expect(batcher.stats()).toMatchObject({ retried: 0, expired: 1 });
  });

  it('is repeated in its own slot, while others wait', async () => {
    const { clock, target, batcher } = createBench();
    const answers = ended(['a', 'bad'].map((name) => batcher.submit(feeds(name))));
    await clock.advanceTo(5);
    const other = batcher.submit(feeds('other', 4));
    await clock.advanceTo(41);
    expect(target.log).toEqual(['1: a bad', '11: a', '21: bad', '31: other']);
    expect(await answers).toEqual(['A', BAD]);
    expect(await other).toBe('OTHER');
  });

  it('is not repeated for who has given up or whose deadline is past', async () => {
    const { clock, target, batcher } = createBench();
    const controller = new AbortController();
    const answers = ended([
      batcher.submit(feeds('gone'), { signal: controller.signal }),
      batcher.submit(feeds('bad')),
      batcher.submit(feeds('late'), { deadlineMs: 15 }),
    ]);
    await clock.advanceTo(5);
    const reason = new Error('gone');
    controller.abort(reason);
    await clock.advanceTo(31);
    const [gone, bad, late] = await answers;
    expect([gone, bad]).toEqual([reason, BAD]);
    expect(late).toBeInstanceOf(DeadlineError);
    expect(target.log).toEqual(['1: gone bad late', '11: bad']);
    expect(batcher.stats()).toMatchObject({ aborted: 1, expired: 1, running: 0 });
  });

  it('is what a run is that gives too few answers', async () => {
    const { clock, target, batcher } = createBench();
    const run = target.run.bind(target);
    target.run = async (requests, deadlineAtMs) => (await run(requests, deadlineAtMs)).slice(0, 1);
    const answers = ended(['a', 'b'].map((name) => batcher.submit(feeds(name))));
    await clock.advanceTo(31);
    expect(await answers).toEqual(['A', 'B']);
    expect(target.log).toEqual(['1: a b', '11: a', '21: b']);
  });

  it('may be thrown before anything is awaited', async () => {
    const { clock, target, batcher } = createBench({ maxDelayMs: 0 });
    target.run = () => {
      throw BAD;
    };
    expect(await ended([batcher.submit(feeds('a'))])).toEqual([BAD]);
    const answers = ended([batcher.submit(feeds('a'), { signal: new AbortController().signal })]);
    await clock.advanceTo(1);
    expect(await answers).toEqual([BAD]);
    await batcher.drain();
  });
});
