import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../engine/base/clock.ts';
import { UserError } from '../../../engine/base/errors.ts';
import type { Tensors } from '../../../engine/runtime/tensor.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { writeLinearModel } from '../../support/tiny-models.ts';
import {
  ENDLESS,
  isAlive,
  kill,
  lossOf,
  openProcess as open,
  rounds,
  until,
} from './open-process-replica.ts';
import { writeLoopModel } from './replica-models.ts';

/** Rows (1, 2). */
const row: Tensors = { x: { type: 'float32', dims: [1, 2], data: Float32Array.of(1, 2) } };

describe('the process of a replica', () => {
  test('is another one, which is gone after close', async () => {
    const replica = await open(writeLinearModel(temporaryFolder()));
    const pid = replica.pid ?? 0;
    expect(pid).not.toBe(process.pid);
    expect(isAlive(pid)).toBe(true);
    await replica.close();
    expect(isAlive(pid)).toBe(false);
    expect(replica.pid).toBe(null);
  });

  test('that is killed while idle is replaced, and the next one answers', async () => {
    const replica = await open(writeLinearModel(temporaryFolder()));
    await replica.run(row);
    const killed = kill(replica);
    await until(() => replica.state === 'restarting');
    const refused = await lossOf(replica.run(row));
    expect(refused).toMatchObject({ reason: 'restarting', retryable: true, pid: killed });
    expect(refused).toBeInstanceOf(UserError);
    await replica.whenReady();
    expect(replica.state).toBe('ready');
    expect(replica.pid).not.toBe(killed);
    expect([...((await replica.run(row))['y']?.data ?? [])]).toEqual([1, 2, 3]);
  });

  test('that is killed before anybody noticed loses the request in flight', async () => {
    const replica = await open(writeLinearModel(temporaryFolder()));
    kill(replica);
    const lost = await lossOf(replica.run(row));
    expect(lost).toMatchObject({ reason: 'ended', end: { signal: 'SIGKILL', exitCode: null } });
    await replica.whenReady();
    expect((await replica.run(row))['y']?.dims).toEqual([1, 3]);
  });

  test('that is killed while it runs loses that request alone', async () => {
    const replica = await open(writeLoopModel(temporaryFolder()));
    const answer = lossOf(replica.run(rounds(ENDLESS)));
    await sleep(50);
    const killed = kill(replica);
    const lost = await answer;
    expect(lost).toMatchObject({ reason: 'ended', retryable: true, pid: killed });
    expect(lost.message).toContain(`process ${killed} ended with signal SIGKILL`);
    expect(replica.state).toBe('restarting');
    await replica.whenReady();
    expect((await replica.run(rounds(1n)))['y']?.dims).toEqual([64, 64]);
  });

  test('that does not answer by the deadline is killed and replaced', async () => {
    const replica = await open(writeLoopModel(temporaryFolder()));
    const hung = replica.pid;
    const deadlineAtMs = systemClock.nowMs() + 100;
    const lost = await lossOf(replica.run(rounds(ENDLESS), { deadlineAtMs }));
    expect(systemClock.nowMs()).toBeGreaterThanOrEqual(deadlineAtMs);
    expect(lost).toMatchObject({ reason: 'deadline', pid: hung, end: { signal: 'SIGKILL' } });
    await replica.whenReady();
    expect(replica.pid).not.toBe(hung);
    const later = { deadlineAtMs: systemClock.nowMs() + 60_000 };
    expect((await replica.run(rounds(1n), later))['y']?.dims).toEqual([64, 64]);
  });

  test('takes one request at a time', async () => {
    const replica = await open(writeLoopModel(temporaryFolder()));
    const [first, second] = [replica.run(rounds(100n)), replica.run(rounds(1n))];
    await expect(second).rejects.toThrow(/one request at a time/);
    expect((await first)['y']?.dims).toEqual([64, 64]);
  });

  test('is not killed for a deadline that was past before the run', async () => {
    const replica = await open(writeLinearModel(temporaryFolder()));
    const { pid } = replica;
    const run = replica.run(row, { deadlineAtMs: systemClock.nowMs() - 1 });
    await expect(run).rejects.toThrow(/deadline .* passed before/);
    expect((await replica.run(row))['y']?.dims).toEqual([1, 3]);
    expect(replica.pid).toBe(pid);
  });

  test('lives through the Ctrl-C of a terminal and the SIGTERM of a service manager', async () => {
    const replica = await open(writeLinearModel(temporaryFolder()));
    const pid = replica.pid ?? 0;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(pid, signal);
    expect((await replica.run(row))['y']?.dims).toEqual([1, 3]);
    expect(replica.pid).toBe(pid);
  });

  test('answers the request in flight before it ends', async () => {
    const replica = await open(writeLoopModel(temporaryFolder()));
    const answer = replica.run(rounds(10_000n));
    const closed = replica.close();
    expect((await answer)['y']?.dims).toEqual([64, 64]);
    await Promise.all([closed, replica.close()]);
    expect(replica.state).toBe('closed');
  });

  test('is not started anew while the replica closes', async () => {
    const replica = await open(writeLinearModel(temporaryFolder()));
    kill(replica);
    await until(() => replica.state === 'restarting');
    const waiting = replica.whenReady();
    await Promise.all([
      expect(waiting).rejects.toThrow(/closed before it was ready/),
      replica.close(),
    ]);
    expect(replica.pid).toBe(null);
  });

  test('is given up when it cannot load the model any more, and the reason is told', async () => {
    const modelPath = writeLinearModel(temporaryFolder());
    const restart = { firstDelayMs: 1, maxDelayMs: 2, stableAfterMs: 60_000, maxFailures: 2 };
    const replica = await open(modelPath, { restart });
    rmSync(modelPath);
    kill(replica);
    await until(() => replica.state !== 'ready');
    await expect(replica.whenReady()).rejects.toThrow(/failed 2 times in a row: .*linear\.onnx/);
    expect(replica.state).toBe('failed');
    await expect(replica.run(row)).rejects.toThrow(/failed 2 times/);
  });

  test('that takes too long to load the model is killed', async () => {
    const modelPath = writeLinearModel(temporaryFolder());
    await expect(open(modelPath, { startTimeoutMs: 1 })).rejects.toThrow(
      /linear\.onnx cannot be loaded: it took longer than 1 ms/,
    );
  });

  test('says what it wrote last when it ends by itself', async () => {
    const modelPath = writeLinearModel(temporaryFolder());
    process.env['NODE_OPTIONS'] = '--require=/absent-module.cjs';
    onTestFinished(() => void delete process.env['NODE_OPTIONS']);
    await expect(open(modelPath)).rejects.toThrow(/exit code 1: [^]*absent-module/);
  });
});
