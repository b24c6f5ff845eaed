import { describe, expect, it } from 'vitest';
import { UserError } from '../../../../engine/base/errors.ts';
import { DeadlineError } from '../../../../engine/runtime/batching/batch-errors.ts';
import { createBench, outcome, outcomeAtEnd } from './batcher-bench.ts';
import { feeds } from './mock-target.ts';

describe('deadline', () => {
  it('rejects what still waits at its deadline, while the slot is busy', async () => {
    const { clock, target, batcher } = createBench();
    const running = batcher.submit(feeds('a'));
    const late = batcher.submit(feeds('b'), { deadlineMs: 8 });
    await clock.advanceTo(7.9);
    expect(await outcome(late)).toBe('pending');
    await clock.advanceTo(8);
    const error = await outcome(late);
    expect(error).toBeInstanceOf(DeadlineError);
    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({ name: 'DeadlineError', deadlineMs: 8 });
    expect(clock.pendingTimers).toBe(1);
    await clock.advanceTo(20);
    expect(await running).toBe('A');
    expect(target.log).toEqual(['0: a']);
  });

  it('rejects what runs already, drops its answer and keeps its slot until then', async () => {
    const { clock, target, batcher } = createBench();
    const late = outcomeAtEnd(batcher.submit(feeds('a'), { deadlineMs: 5 }));
    const next = batcher.submit(feeds('b'));
    await clock.advanceTo(5);
    expect(await late).toBeInstanceOf(DeadlineError);
    expect(batcher.stats()).toMatchObject({ expired: 1, running: 1, queued: 1 });
    await clock.advanceTo(20);
    expect(await next).toBe('B');
    expect(target.log).toEqual(['0: a', '10: b']);
    expect(batcher.stats()).toMatchObject({ expired: 1, running: 0 });
    expect(clock.pendingTimers).toBe(0);
  });

  it('drops an answer that comes at the deadline, where no timer could ring before it', async () => {
    const { clock, batcher } = createBench();
    const late = outcomeAtEnd(batcher.submit(feeds('a'), { deadlineMs: 10 }));
    await clock.advanceTo(10);
    expect(await late).toBeInstanceOf(DeadlineError);
    expect(batcher.stats()).toMatchObject({ expired: 1, running: 0 });
  });

  it('rejects each of a batch at its own deadline and answers the others', async () => {
    const { clock, batcher } = createBench({ maxDelayMs: 2 });
    const [tight, wide, none] = [4, 40, undefined].map((deadlineMs) =>
      outcomeAtEnd(batcher.submit(feeds('a'), { deadlineMs })),
    );
    await clock.advanceTo(20);
    expect(await tight).toBeInstanceOf(DeadlineError);
    expect(await Promise.all([wide, none])).toEqual(['A', 'A']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('is met by a batch that waits for company: it starts a batch and a late timer earlier', async () => {
    const { clock, target, batcher } = createBench({ maxDelayMs: 50 });
    const first = batcher.submit(feeds('a', 4));
    await clock.advanceTo(10);
    // One batch has taken 10 ms, a timer may be late by 1: 100 - 10 - 1 is the last moment.
    const second = batcher.submit(feeds('b'), { deadlineMs: 30 });
    await clock.advanceTo(100);
    expect(target.log).toEqual(['0: a', '29: b']);
    expect(await Promise.all([first, second])).toEqual(['A', 'B']);
  });

  it('that is past already rejects at once', async () => {
    const { target, batcher } = createBench();
    await expect(batcher.submit(feeds('a'), { deadlineMs: 0 })).rejects.toThrow(DeadlineError);
    await expect(batcher.submit(feeds('a'), { deadlineMs: -3 })).rejects.toThrow(/-3 ms/);
    expect(target.log).toEqual([]);
    expect(batcher.stats()).toMatchObject({ expired: 2, started: 0, queued: 0 });
  });
});
