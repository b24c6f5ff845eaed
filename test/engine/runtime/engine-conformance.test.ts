import { describe, expect, test } from 'vitest';
import { UsageError } from '../../../engine/base/errors.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { writeLinearModel } from '../../support/tiny-models.ts';
import { sharedMemoryOf } from './open-process-replica.ts';
import { ENGINES, errorsOf, numbersOf, openEngine, rows } from './open-engine.ts';

const MANY = Array.from({ length: 50 }, (_, index) => index);

describe.each(ENGINES)('an engine of %s', (_, config) => {
  test('answers every request of many at once with its own result', async () => {
    const engine = await openEngine(config);
    const answers = await Promise.all(MANY.map((value) => engine.infer(rows(value, 1))));
    expect(answers.map(numbersOf)).toEqual(MANY.map((value) => [value, 1, value + 1]));
    expect(engine.stats().requests).toMatchObject({ started: 50, queued: 0, running: 0 });
  });

  test('gives merged requests the answers that they get one by one', async () => {
    const engine = await openEngine({ ...config, batch: { maxSize: 8, maxDelayMs: 5 } });
    const requests = MANY.map((value) => rows(...MANY.slice(0, 2 * (1 + (value % 3))), value, 2));
    const merged = await Promise.all(requests.map((feeds) => engine.infer(feeds)));
    expect(engine.stats().requests.batches).toBeLessThan(30);
    const single = await openEngine(config);
    for (const [index, feeds] of requests.entries()) {
      expect(merged[index]).toEqual(await single.infer(feeds));
    }
    expect(engine.stats()).toMatchObject({
      batchAxis: { state: 'batched', proven: true },
      pool: { outstanding: 0 },
      poolRefusals: 0,
    });
  });

  test('keeps the answers of a batch when the next one comes', async () => {
    const engine = await openEngine({ ...config, batch: { maxSize: 2, maxDelayMs: 1000 } });
    const first = await Promise.all([engine.infer(rows(1, 2)), engine.infer(rows(3, 4))]);
    await Promise.all([engine.infer(rows(5, 6)), engine.infer(rows(7, 8))]);
    expect(first.map(numbersOf)).toEqual([
      [1, 2, 3],
      [3, 4, 7],
    ]);
  });

  test('runs requests of a model without a batch dimension one by one', async () => {
    const artifact = writeLinearModel(temporaryFolder(), 1);
    const engine = await openEngine(
      { ...config, batch: { maxSize: 8, maxDelayMs: 5 } },
      { artifact },
    );
    const answers = await Promise.all(MANY.map((value) => engine.infer(rows(value, 1))));
    expect(answers.map(numbersOf)).toEqual(MANY.map((value) => [value, 1, value + 1]));
    const { batchAxis, requests } = engine.stats();
    expect(batchAxis).toEqual({ state: 'unbatched', reason: "axis 0 of 'x' is fixed: 1" });
    expect(requests.batches).toBe(50);
  });

  test('takes feeds of its own memory, again and again', async () => {
    const engine = await openEngine(config);
    using x = engine.allocate('float32', [1, 2]);
    for (const value of [1, 2, 3]) {
      x.data.set([value, 10]);
      expect(numbersOf(await engine.infer({ x }))).toEqual([value, 10, value + 10]);
    }
    expect(engine.stats().pool).toMatchObject({ outstanding: 1, misses: 1 });
    x.release();
    expect(engine.stats().pool).toMatchObject({ outstanding: 0, liveBytes: 0 });
  });

  test('refuses one request too many, and goes on', async () => {
    const engine = await openEngine(config, { maxQueued: 2 });
    const requests = MANY.slice(0, config.replicas + 3).map((value) =>
      engine.infer(rows(value, 1)),
    );
    const errors = await errorsOf(requests);
    expect(errors.slice(0, -1)).toEqual(Array.from({ length: config.replicas + 2 }, () => null));
    expect(errors.at(-1)).toMatchObject({ name: 'QueueFullError', limit: 2 });
    expect(numbersOf(await engine.infer(rows(4, 4)))).toEqual([4, 4, 8]);
    expect(engine.stats().requests.refused).toBe(1);
  });

  test('answers what waits before it closes, and refuses what comes after', async () => {
    const engine = await openEngine({ ...config, batch: { maxSize: 4, maxDelayMs: 1000 } });
    const waiting = MANY.map((value) => engine.infer(rows(value, 1)));
    const closed = [engine.close(), engine.close()];
    await expect(engine.infer(rows(1, 1))).rejects.toThrow(/closed/);
    expect((await Promise.all(waiting)).map(numbersOf)).toEqual(
      MANY.map((value) => [value, 1, value + 1]),
    );
    await Promise.all(closed);
    expect(() => engine.allocate('float32', [1])).toThrow(/pool is closed/);
    expect(engine.stats().replicas).toMatchObject({ ready: 0, closed: config.replicas });
    expect(engine.pids).toEqual([]);
    expect(sharedMemoryOf(process.pid)).toEqual([]);
  });

  test('refuses options that make no sense, and gives up what is aborted already', async () => {
    const engine = await openEngine(config);
    const reason = new Error('never mind');
    const errors = await errorsOf([
      engine.infer(rows(1, 1), { priority: 0 }),
      engine.infer(rows(1, 1), { deadlineMs: Number.NaN }),
      engine.infer(rows(1, 1), { signal: AbortSignal.abort(reason) }),
    ]);
    expect(errors).toEqual([expect.any(UsageError), expect.any(UsageError), reason]);
    expect(numbersOf(await engine.infer(rows(1, 2)))).toEqual([1, 2, 3]);
  });
});
