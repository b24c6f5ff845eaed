import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Engine } from '../../../engine/runtime/engine.ts';
import { DEFAULT_RESTART_POLICY } from '../../../engine/runtime/process/supervisor.ts';
import { isAlive, sharedMemoryOf, until } from './open-process-replica.ts';
import { errorsOf, numbersOf, openEngine, rows } from './open-engine.ts';

const config = { isolation: 'process', replicas: 1 } as const;

/** Kills the only process, and waits until the engine knows. */
async function loseProcess(engine: Engine): Promise<void> {
  for (const pid of engine.pids) process.kill(pid, 'SIGKILL');
  await until(() => engine.stats().replicas.restarting === 1);
}

/** Processes that this one has started and not seen the end of. */
function children(): readonly number[] {
  const list = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim();
  return list === '' ? [] : list.split(' ').map(Number);
}

describe('an engine that closes while its process is started anew', () => {
  test('answers what waits first, and leaves no process', async () => {
    const engine = await openEngine({ ...config, batch: { maxSize: 2, maxDelayMs: 0 } });
    await loseProcess(engine);
    const requests = [1, 2, 3].map((value) => engine.infer(rows(value, 1)));
    const closing = engine.close();
    expect((await Promise.all(requests)).map(numbersOf)).toEqual([
      [1, 1, 2],
      [2, 1, 3],
      [3, 1, 4],
    ]);
    await closing;
    expect(engine.stats()).toMatchObject({ restarts: 1, pids: [], pool: { outstanding: 0 } });
  });

  test('waits for no start when nobody waits for an answer', async () => {
    const restart = { ...DEFAULT_RESTART_POLICY, firstDelayMs: 60_000, maxDelayMs: 60_000 };
    const engine = await openEngine(config, { restart });
    await loseProcess(engine);
    await engine.close();
    expect(engine.stats()).toMatchObject({ restarts: 0, replicas: { closed: 1 } });
  });

  test('ends a process that loads the model meanwhile', async () => {
    const engine = await openEngine(config, {
      restart: { ...DEFAULT_RESTART_POLICY, firstDelayMs: 1 },
    });
    const [first] = engine.pids;
    await loseProcess(engine);
    const others = (): readonly number[] => children().filter((pid) => pid !== first);
    await until(() => others().length > 0);
    const [loading] = others();
    await engine.close();
    expect(isAlive(loading ?? 0)).toBe(false);
    expect(engine.stats()).toMatchObject({ restarts: 0, pids: [] });
    const [error] = await errorsOf([engine.infer(rows(1, 1))]);
    expect(error).toMatchObject({ name: 'UserError', message: 'the engine is closed' });
  });
});

test('an engine that closed keeps no shared memory but what its caller still holds', async () => {
  const engine = await openEngine(config);
  const before = sharedMemoryOf(process.pid).length;
  const x = engine.allocate('float32', [1, 2]);
  x.data.set([1, 2]);
  expect(numbersOf(await engine.infer({ x }))).toEqual([1, 2, 3]);
  await engine.close();
  expect(sharedMemoryOf(process.pid)).toHaveLength(before + 1);
  x.release();
  expect(sharedMemoryOf(process.pid)).toHaveLength(before);
});
