import { describe, expect, it, vi } from 'vitest';
import { UsageError, UserError } from '../../../../engine/base/errors.ts';
import { QueueFullError } from '../../../../engine/runtime/batching/batch-errors.ts';
import { createBench, outcome } from './batcher-bench.ts';
import { feeds } from './mock-target.ts';

describe('schedule', () => {
  it('runs a request at once where a slot is free, with no timer', async () => {
    const { clock, target, batcher } = createBench();
    const answer = batcher.submit(feeds('a'));
    expect(target.log).toEqual(['0: a']);
    expect(clock.timersSet).toBe(1);
    await clock.advanceTo(10);
    expect(await answer).toBe('A');
    expect(clock.timersSet).toBe(1);
  });

  it('gathers what arrives while the slots are busy', async () => {
    const { clock, target, batcher } = createBench();
    const answers = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => batcher.submit(feeds(name)));
    await clock.advanceTo(30);
    expect(target.log).toEqual(['0: a', '10: b c d e', '20: f g']);
    expect(await Promise.all(answers)).toEqual(['A', 'B', 'C', 'D', 'E', 'F', 'G']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('never uses more slots than there are, and all of them', async () => {
    const { clock, target, batcher } = createBench({ slots: 3, maxSize: 1 });
    const answers = ['a', 'b', 'c', 'd', 'e'].map((name) => batcher.submit(feeds(name)));
    await clock.advanceTo(20);
    expect(target.log).toEqual(['0: a', '0: b', '0: c', '10: d', '10: e']);
    expect(target.peak).toBe(3);
    expect(await Promise.all(answers)).toEqual(['A', 'B', 'C', 'D', 'E']);
  });

  it('waits for company up to the delay after the oldest arrival', async () => {
    const { clock, target, batcher } = createBench({ maxDelayMs: 5 });
    const first = batcher.submit(feeds('a'));
    await clock.advanceTo(4);
    const second = batcher.submit(feeds('b'));
    await clock.advanceTo(4.9);
    expect(target.log).toEqual([]);
    await clock.advanceTo(15);
    expect(target.log).toEqual(['5: a b']);
    expect(await Promise.all([first, second])).toEqual(['A', 'B']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('does not wait any longer when the batch is full', async () => {
    const { clock, target, batcher } = createBench({ maxDelayMs: 5 });
    const answers = ['a', 'b', 'c'].map((name) => batcher.submit(feeds(name)));
    await clock.advanceTo(2);
    answers.push(batcher.submit(feeds('d')));
    expect(target.log).toEqual(['2: a b c d']);
    expect(clock.pendingTimers).toBe(1);
    await clock.advanceTo(12);
    await Promise.all(answers);
  });

  it.each([feeds('a', 4), feeds('a', 9), feeds('a', 1, null)])(
    'does not make $name wait, of $samples samples and shape $shape',
    async (request) => {
      const { clock, target, batcher } = createBench({ maxDelayMs: 5 });
      const answer = batcher.submit(request);
      expect(target.log).toEqual(['0: a']);
      await clock.advanceTo(10);
      expect(await answer).toBe('A');
    },
  );

  it('does not ask for shapes where one sample is a batch', async () => {
    const { clock, target, batcher } = createBench({ maxSize: 1, maxDelayMs: 5 });
    target.shapeKeyOf = () => {
      throw new Error('nobody needs it');
    };
    const answers = [batcher.submit(feeds('a')), batcher.submit(feeds('b'))];
    await clock.advanceTo(20);
    expect(target.log).toEqual(['0: a', '10: b']);
    await Promise.all(answers);
  });

  it('takes the urgent first', async () => {
    const { clock, target, batcher } = createBench({ maxSize: 1 });
    const answers = [
      batcher.submit(feeds('running')),
      batcher.submit(feeds('least'), { priority: 5 }),
      batcher.submit(feeds('default')),
      batcher.submit(feeds('most'), { priority: 1 }),
    ];
    await clock.advanceTo(40);
    expect(target.log).toEqual(['0: running', '10: most', '20: default', '30: least']);
    await Promise.all(answers);
  });

  it('tells the run from when on nobody waits for its answers', async () => {
    const { clock, target, batcher } = createBench({ maxSize: 2 });
    const answers = [
      batcher.submit(feeds('a'), { deadlineMs: 17 }),
      batcher.submit(feeds('b'), { deadlineMs: 25 }),
      batcher.submit(feeds('c'), { deadlineMs: 22 }),
      batcher.submit(feeds('d'), { deadlineMs: 40 }),
      batcher.submit(feeds('e')),
    ];
    await clock.advanceTo(30);
    expect(target.runs.map((run) => run.deadlineAtMs)).toEqual([17, 25, null]);
    await Promise.all(answers);
  });
});

describe('abort', () => {
  it('takes a waiting request out and rejects with the reason of the signal', async () => {
    const { clock, target, batcher } = createBench();
    const controller = new AbortController();
    const running = batcher.submit(feeds('a'));
    const given = batcher.submit(feeds('b'), { signal: controller.signal });
    const reason = new Error('the client is gone');
    controller.abort(reason);
    expect(await outcome(given)).toBe(reason);
    expect(batcher.stats()).toMatchObject({ queued: 0, running: 1, aborted: 1 });
    await clock.advanceTo(20);
    expect(target.log).toEqual(['0: a']);
    expect(await running).toBe('A');
  });

  it('drops the answer of a running request, and its neighbours get theirs', async () => {
    const { clock, target, batcher } = createBench({ maxDelayMs: 1 });
    const controller = new AbortController();
    const given = batcher.submit(feeds('a'), { signal: controller.signal });
    const other = batcher.submit(feeds('b'));
    await clock.advanceTo(5);
    controller.abort();
    expect(await outcome(given)).toMatchObject({ name: 'AbortError' });
    await clock.advanceTo(11);
    expect(await other).toBe('B');
    expect(target.log).toEqual(['1: a b']);
  });

  it('before the submission runs nothing', async () => {
    const { target, batcher } = createBench();
    const reason = new Error('too late');
    const signal = AbortSignal.abort(reason);
    await expect(batcher.submit(feeds('a'), { signal })).rejects.toBe(reason);
    expect(target.log).toEqual([]);
  });

  it('after the answer changes nothing, and nothing is left on the signal', async () => {
    const { clock, batcher } = createBench({ maxSize: 1 });
    const controller = new AbortController();
    const { signal } = controller;
    const added = vi.spyOn(signal, 'addEventListener');
    const removed = vi.spyOn(signal, 'removeEventListener');
    // More than the 10 listeners beyond which a process warns.
    const names = Array.from({ length: 20 }, (_, index) => `r${index}`);
    const answers = names.map((name) => batcher.submit(feeds(name), { signal }));
    expect(added).toHaveBeenCalledTimes(20);
    await clock.advanceTo(200);
    expect(await Promise.all(answers)).toEqual(names.map((name) => name.toUpperCase()));
    const listenersOf = (calls: readonly unknown[][]): unknown[] => calls.map((call) => call[1]);
    expect(listenersOf(removed.mock.calls)).toEqual(listenersOf(added.mock.calls));
    controller.abort();
    expect(batcher.stats().aborted).toBe(0);
  });

  it('calls the timer off with the last waiting request', async () => {
    const { clock, batcher } = createBench({ maxDelayMs: 5 });
    const controller = new AbortController();
    const given = batcher.submit(feeds('a'), { signal: controller.signal });
    expect(clock.pendingTimers).toBe(1);
    controller.abort();
    expect(clock.pendingTimers).toBe(0);
    expect(await outcome(given)).toMatchObject({ name: 'AbortError' });
  });
});

describe('bounds', () => {
  it('refuses one request too many, and goes on', async () => {
    const { clock, target, batcher } = createBench({ maxQueued: 2 });
    const answers = ['a', 'b', 'c'].map((name) => batcher.submit(feeds(name)));
    const error = await outcome(batcher.submit(feeds('d')));
    expect(error).toBeInstanceOf(QueueFullError);
    expect(error).toMatchObject({
      limit: 2,
      message: expect.stringMatching(/queue is full: 2/) as string,
    });
    await clock.advanceTo(10);
    answers.push(batcher.submit(feeds('e')));
    await clock.advanceTo(30);
    expect(target.log).toEqual(['0: a', '10: b c', '20: e']);
    expect(await Promise.all(answers)).toEqual(['A', 'B', 'C', 'E']);
    expect(batcher.stats().refused).toBe(1);
  });

  it.each([
    [{ priority: 0 }, /priority must be a whole number from 1 \(most urgent\) to 5, not 0/],
    [{ priority: 6 }, /not 6/],
    [{ priority: 1.5 }, /not 1.5/],
    [{ deadlineMs: Number.NaN }, /deadlineMs must be a number/],
  ])('refuses the options %j', async (options, message) => {
    const { target, batcher } = createBench();
    const error = await outcome(batcher.submit(feeds('a'), options));
    expect(error).toBeInstanceOf(UsageError);
    expect((error as Error).message).toMatch(message);
    expect(target.log).toEqual([]);
  });

  it.each([
    [{ slots: 0 }, /slots of the batcher must be a whole number of 1 or more, not 0/],
    [{ maxSize: 1.5 }, /maxSize/],
    [{ maxQueued: 0 }, /maxQueued/],
    [{ maxDelayMs: -1 }, /maxDelayMs .* 0 or more, not -1/],
    [{ maxDelayMs: Number.POSITIVE_INFINITY }, /maxDelayMs/],
    [{ ageingMs: 0 }, /ageingMs .* more than 0/],
    [{ ageingMs: Number.POSITIVE_INFINITY }, /ageingMs/],
  ])('refuses the limits %j', (limits, message) => {
    expect(() => createBench(limits)).toThrow(message);
    expect(() => createBench(limits)).toThrow(UsageError);
  });
});

describe('drain', () => {
  it('answers what waits without delay, refuses what comes, and resolves when all is done', async () => {
    const { clock, target, batcher } = createBench({ maxDelayMs: 50 });
    const answers = [batcher.submit(feeds('a')), batcher.submit(feeds('b', 1, 't'))];
    let drained = false;
    const draining = batcher.drain().then(() => (drained = true));
    expect(target.log).toEqual(['0: a']);
    await expect(batcher.submit(feeds('c'))).rejects.toThrow(/the engine is closed/);
    await clock.advanceTo(19);
    expect(target.log).toEqual(['0: a', '10: b']);
    expect(drained).toBe(false);
    await clock.advanceTo(20);
    expect(await Promise.all(answers)).toEqual(['A', 'B']);
    await draining;
    expect(clock.pendingTimers).toBe(0);
  });

  it('resolves at once where nothing runs, and again', async () => {
    const { batcher } = createBench();
    await batcher.drain();
    await batcher.drain();
    await expect(batcher.submit(feeds('a'))).rejects.toThrow(UserError);
  });

  it('waits for a request that runs alone', async () => {
    const { clock, batcher } = createBench();
    const answer = batcher.submit(feeds('a'));
    let drained = false;
    const draining = batcher.drain().then(() => (drained = true));
    await clock.advanceTo(9);
    expect(drained).toBe(false);
    await clock.advanceTo(10);
    await draining;
    expect(await answer).toBe('A');
  });
});

describe('stats', () => {
  it('count what waits, what runs and what was done', async () => {
    const { clock, batcher } = createBench();
    const answers = [1, 1, 2, 1, 7].map((samples, index) =>
      batcher.submit(feeds(`r${index}`, samples)),
    );
    expect(batcher.stats()).toMatchObject({ queued: 4, running: 1, started: 1, batches: 1 });
    await clock.advanceTo(15);
    expect(batcher.stats()).toMatchObject({ queued: 1, running: 3 });
    await clock.advanceTo(30);
    await Promise.all(answers);
    expect(batcher.stats()).toEqual({
      queued: 0,
      running: 0,
      started: 5,
      // Three waited 10 ms, one 20.
      queueWaitTotalMs: 50,
      batches: 3,
      samples: 12,
      batchSizes: [
        { upTo: 1, count: 1 },
        { upTo: 4, count: 1 },
        { upTo: 8, count: 1 },
      ],
      splitBatches: 0,
      retried: 0,
      refused: 0,
      expired: 0,
      aborted: 0,
    });
  });
});
