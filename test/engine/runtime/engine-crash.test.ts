import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createRandom } from '../../../engine/base/random.ts';
import type { Engine } from '../../../engine/runtime/engine.ts';
import { DEFAULT_RESTART_POLICY } from '../../../engine/runtime/process/supervisor.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { writeLinearModel } from '../../support/tiny-models.ts';
import { until } from './open-process-replica.ts';
import { errorsOf, numbersOf, openEngine, rows } from './open-engine.ts';

const config = { isolation: 'process', replicas: 2 } as const;

/** Time to look at what happens while no process is ready. */
const slowRestart = { ...DEFAULT_RESTART_POLICY, firstDelayMs: 1000 };

/** Kills one of the processes that there are; gives its id. */
function killOne(engine: Engine, index = 0): number {
  const pid = engine.pids[index];
  if (pid === undefined) throw new Error('there is no process to kill');
  process.kill(pid, 'SIGKILL');
  return pid;
}

describe('a process that is killed', () => {
  test.each([
    ['one by one', { maxSize: 1, maxDelayMs: 0 }],
    ['in batches', { maxSize: 8, maxDelayMs: 1 }],
  ])('under load costs no request its answer, and none gets two: %s', async (_, batch) => {
    const engine = await openEngine({ ...config, batch });
    const random = createRandom(7, 'crash');
    const answers: Promise<void>[] = [];
    let answered = 0;
    let kills = 0;
    for (let round = 0; round < 60; round += 1) {
      for (let index = 0; index < 20; index += 1) {
        const value = 20 * round + index;
        const answer = engine.infer(rows(value, 1)).then((outputs) => {
          answered += 1;
          expect(numbersOf(outputs)).toEqual([value, 1, value + 1]);
        });
        answers.push(answer);
      }
      if (round % 12 === 3) {
        killOne(engine, random.integer(engine.pids.length));
        kills += 1;
      }
      // Until both are back, so that no request can be lost twice.
      if (round % 12 === 11) await until(() => engine.stats().restarts === kills);
      await sleep(5);
    }
    await Promise.all(answers);
    expect(answered).toBe(1200);
    expect(engine.stats()).toMatchObject({
      restarts: 5,
      replicas: { ready: 2, restarting: 0 },
      requests: { queued: 0, running: 0, started: 1200 },
      pool: { outstanding: 0 },
    });
  });

  test('is replaced by another, whose id `pids` tells', async () => {
    const engine = await openEngine(config);
    const before = engine.pids;
    const pid = killOne(engine);
    await until(() => engine.stats().restarts === 1);
    expect(engine.pids).toHaveLength(2);
    expect(engine.pids).not.toContain(pid);
    expect(engine.pids).toContain(before[1]);
  });

  test('lets requests wait in the queue while no other is ready, up to its bound', async () => {
    const engine = await openEngine(config, { maxQueued: 3, restart: slowRestart });
    killOne(engine, 0);
    killOne(engine, 1);
    await until(() => engine.stats().replicas.restarting === 2);
    const requests = [1, 2, 3, 4].map((value) => engine.infer(rows(value, 1)));
    const late = engine.stats().requests;
    expect(late).toMatchObject({ queued: 3, running: 0, refused: 1 });
    const [, , , refused] = await errorsOf(requests);
    expect(refused).toMatchObject({ name: 'QueueFullError' });
    const answers = await Promise.all(requests.slice(0, 3));
    expect(answers.map(numbersOf)).toEqual([1, 2, 3].map((value) => [value, 1, value + 1]));
  });

  test('lets the deadline of a request pass while none is ready', async () => {
    const engine = await openEngine({ ...config, replicas: 1 }, { restart: slowRestart });
    killOne(engine);
    await until(() => engine.stats().replicas.restarting === 1);
    const [error] = await errorsOf([engine.infer(rows(1, 1), { deadlineMs: 5 })]);
    expect(error).toMatchObject({ name: 'DeadlineError' });
    expect(numbersOf(await engine.infer(rows(1, 2)))).toEqual([1, 2, 3]);
  });

  test('for good, as all the others, fails what waits and what comes', async () => {
    const artifact = writeLinearModel(temporaryFolder());
    const restart = { firstDelayMs: 10, maxDelayMs: 20, stableAfterMs: 60_000, maxFailures: 2 };
    const engine = await openEngine(
      { ...config, batch: { maxSize: 4, maxDelayMs: 1 } },
      { artifact, restart },
    );
    rmSync(artifact);
    killOne(engine, 0);
    killOne(engine, 1);
    await until(() => engine.stats().replicas.ready === 0);
    const errors = await errorsOf([1, 2, 3].map((value) => engine.infer(rows(value, 1))));
    for (const error of errors) {
      expect(String(error)).toMatch(/failed 2 times in a row: .*linear\.onnx/);
    }
    await expect(engine.infer(rows(1, 1))).rejects.toThrow(/failed 2 times/);
    expect(engine.stats().replicas).toMatchObject({ failed: 2 });
  });
});
