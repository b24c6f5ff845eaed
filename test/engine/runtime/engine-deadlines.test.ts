import { describe, expect, test } from 'vitest';
import { ReplicaLostError } from '../../../engine/runtime/process/replica-lost-error.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { ENDLESS, isAlive, rounds, until } from './open-process-replica.ts';
import { ENGINES, errorsOf, openEngine } from './open-engine.ts';
import { writeLoopModel } from './replica-models.ts';

/** About a third of a second. */
const LONG = 30_000n;

describe.each(ENGINES)('an engine of %s', (_, config) => {
  const oneReplica = { ...config, replicas: 1 };

  test('rejects what waits at its deadline, and answers the others', async () => {
    const engine = await openEngine(oneReplica, { artifact: writeLoopModel(temporaryFolder()) });
    const running = engine.infer(rounds(LONG));
    const [error] = await errorsOf([engine.infer(rounds(1n), { deadlineMs: 20 })]);
    expect(error).toMatchObject({ name: 'DeadlineError', deadlineMs: 20 });
    expect((await running)['y']?.dims).toEqual([64, 64]);
    expect(engine.stats().requests).toMatchObject({ expired: 1, started: 1 });
    expect((await engine.infer(rounds(1n)))['y']?.dims).toEqual([64, 64]);
  });

  test('rejects what runs at its deadline, drops its answer and stays usable', async () => {
    const engine = await openEngine(oneReplica, { artifact: writeLoopModel(temporaryFolder()) });
    const [error] = await errorsOf([engine.infer(rounds(LONG), { deadlineMs: 50 })]);
    expect(error).toMatchObject({ name: 'DeadlineError', deadlineMs: 50 });
    expect((await engine.infer(rounds(1n)))['y']?.dims).toEqual([64, 64]);
    expect(engine.stats().requests).toMatchObject({ expired: 1, started: 2, running: 0 });
  });

  test('runs the urgent first', async () => {
    const engine = await openEngine(oneReplica, { artifact: writeLoopModel(temporaryFolder()) });
    const order: string[] = [];
    const send = (name: string, priority: number): Promise<void> =>
      engine.infer(rounds(1n), { priority }).then(() => void order.push(name));
    await Promise.all([send('first', 5), send('least', 5), send('middle', 3), send('most', 1)]);
    expect(order).toEqual(['first', 'most', 'middle', 'least']);
  });

  test('gives up what is aborted, waiting or running, and answers the others', async () => {
    const engine = await openEngine(oneReplica, { artifact: writeLoopModel(temporaryFolder()) });
    const controller = new AbortController();
    const reason = new Error('never mind');
    const { signal } = controller;
    const given = [engine.infer(rounds(100n), { signal }), engine.infer(rounds(1n), { signal })];
    const other = engine.infer(rounds(1n));
    controller.abort(reason);
    expect(await errorsOf(given)).toEqual([reason, reason]);
    expect((await other)['y']?.dims).toEqual([64, 64]);
    expect(engine.stats().requests).toMatchObject({ aborted: 2, running: 0, queued: 0 });
  });
});

describe('a run that hangs in a process', () => {
  const config = { isolation: 'process', replicas: 1 } as const;

  test('is killed at its deadline, and the next request is answered by another process', async () => {
    const engine = await openEngine(config, { artifact: writeLoopModel(temporaryFolder()) });
    const [pid = 0] = engine.pids;
    const hung = engine.infer(rounds(ENDLESS), { deadlineMs: 100 });
    const next = engine.infer(rounds(1n));
    expect(await errorsOf([hung])).toEqual([expect.objectContaining({ name: 'DeadlineError' })]);
    expect((await next)['y']?.dims).toEqual([64, 64]);
    expect(isAlive(pid)).toBe(false);
    expect(engine.pids).toHaveLength(1);
    expect(engine.pids).not.toContain(pid);
    // It was given up, not lost: it is not run again.
    expect(engine.stats()).toMatchObject({ restarts: 1, requests: { retried: 0, expired: 1 } });
  });

  test('is not killed while somebody waits for it without a deadline', async () => {
    const engine = await openEngine(config, { artifact: writeLoopModel(temporaryFolder()) });
    const [pid = 0] = engine.pids;
    const patient = engine.infer(rounds(LONG));
    const [error] = await errorsOf([engine.infer(rounds(1n), { deadlineMs: 20 })]);
    expect(error).toMatchObject({ name: 'DeadlineError' });
    expect((await patient)['y']?.dims).toEqual([64, 64]);
    expect(engine.pids).toEqual([pid]);
  });

  test('fails with a retryable error when its process is killed twice', async () => {
    const engine = await openEngine(config, { artifact: writeLoopModel(temporaryFolder()) });
    const lost = errorsOf([engine.infer(rounds(ENDLESS))]);
    for (const restarts of [0, 1]) {
      await until(() => engine.stats().restarts === restarts && engine.pids.length === 1);
      process.kill(engine.pids[0] as number, 'SIGKILL');
    }
    const [error] = await lost;
    expect(error).toBeInstanceOf(ReplicaLostError);
    expect(error).toMatchObject({ retryable: true, reason: 'ended' });
    expect((await engine.infer(rounds(1n)))['y']?.dims).toEqual([64, 64]);
    expect(engine.stats().requests).toMatchObject({ retried: 1, running: 0 });
  });
});
