import { describe, expect, it } from 'vitest';
import { DeadlineError } from '../../../../engine/runtime/batching/batch-errors.ts';
import { createBench } from './batcher-bench.ts';
import { feeds } from './mock-target.ts';

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
