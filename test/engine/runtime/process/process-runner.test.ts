import { expect, onTestFinished, test } from 'vitest';
import { openProcessReplica } from '../../../../engine/runtime/process-replica.ts';
import type { Reply, Request } from '../../../../engine/runtime/process/messages.ts';
import type { ReplicaChild } from '../../../../engine/runtime/process/replica-child.ts';
import {
  ReplicaLostError,
  type ProcessEnd,
} from '../../../../engine/runtime/process/replica-lost-error.ts';
import type { Replica } from '../../../../engine/runtime/replica.ts';
import { virtualClock, type VirtualClock } from '../../../support/virtual-clock.ts';
import { lossOf, processConfig } from '../open-process-replica.ts';

const KILLED: ProcessEnd = { exitCode: null, signal: 'SIGKILL', stderr: '' };

/** A process that answers, and ends, when it is told to: a signal takes its time. */
class SlowChild implements ReplicaChild {
  readonly pid = 1;
  kills = 0;
  readonly #ending = Promise.withResolvers<ProcessEnd>();
  #asked: PromiseWithResolvers<Reply> | null = null;

  get ended(): Promise<ProcessEnd> {
    return this.#ending.promise;
  }

  ask(request: Request): Promise<Reply> {
    if (request.kind === 'open')
      return Promise.resolve({ kind: 'opened', inputs: [], outputs: [] });
    this.#asked = Promise.withResolvers<Reply>();
    return this.#asked.promise;
  }

  answer(): void {
    this.#asked?.resolve({ kind: 'done', outputs: {}, arenaBytes: 0 });
  }

  kill(): void {
    this.kills += 1;
  }

  end(): void {
    this.die();
  }

  die(): void {
    this.#asked?.reject(new ReplicaLostError('ended', this.pid, KILLED));
    this.#ending.resolve(KILLED);
  }
}

async function open(): Promise<{
  readonly child: SlowChild;
  readonly clock: VirtualClock;
  readonly replica: Replica;
}> {
  const clock = virtualClock();
  const child = new SlowChild();
  const startChild = (): Promise<ReplicaChild> => Promise.resolve(child);
  const options = { modelPath: 'model.onnx', config: processConfig, clock, startChild };
  const replica = await openProcessReplica(options);
  onTestFinished(() => replica.close());
  return { child, clock, replica };
}

test('a deadline that a request met after all is not blamed for the loss of the next', async () => {
  const { child, clock, replica } = await open();
  const answered = replica.run({}, { deadlineAtMs: 100 });
  await clock.run(clock.sleep(100));
  expect(child.kills).toBe(1);
  child.answer();
  expect(await answered).toEqual({});

  const next = lossOf(replica.run({}));
  child.die();
  expect((await next).reason).toBe('ended');
});

test('a request that is lost after its deadline was killed for it', async () => {
  const { child, clock, replica } = await open();
  const lost = lossOf(replica.run({}, { deadlineAtMs: 100 }));
  await clock.run(clock.sleep(100));
  child.die();
  expect(await lost).toMatchObject({ reason: 'deadline', end: KILLED });
});
