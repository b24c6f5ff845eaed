import { describe, expect, test, vi } from 'vitest';
import { UserError } from '../../../engine/base/errors.ts';
import { ReplicaSet } from '../../../engine/runtime/replica-set.ts';
import type { Replica, ReplicaState } from '../../../engine/runtime/replica.ts';
import type { Tensors } from '../../../engine/runtime/tensor.ts';

const NOTHING: Tensors = {};

/** Answers when it is told to. */
class FakeReplica implements Replica {
  readonly inputs = [];
  readonly outputs = [];
  readonly pid: number;
  restarts = 0;
  state: ReplicaState = 'ready';
  running: PromiseWithResolvers<Tensors> | null = null;
  closing: Promise<void> = Promise.resolve();
  runs = 0;
  #listener: () => void = () => undefined;

  constructor(pid: number) {
    this.pid = pid;
  }

  run(): Promise<Tensors> {
    if (this.running !== null) throw new Error('it runs already');
    this.runs += 1;
    this.running = Promise.withResolvers();
    return this.running.promise.finally(() => (this.running = null));
  }

  whenReady(): Promise<void> {
    return this.state === 'failed'
      ? Promise.reject(new UserError(`replica ${this.pid} gave up`))
      : Promise.resolve();
  }

  onStateChange(listener: () => void): void {
    this.#listener = listener;
  }

  close(): Promise<void> {
    this.state = 'closed';
    return this.closing;
  }

  become(state: ReplicaState): void {
    this.state = state;
    this.#listener();
  }

  answer(): void {
    this.running?.resolve(NOTHING);
  }
}

/** Lets promises settle. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function createSet(): {
  readonly a: FakeReplica;
  readonly b: FakeReplica;
  readonly set: ReplicaSet;
  readonly onCapacity: ReturnType<typeof vi.fn<() => void>>;
} {
  const [a, b] = [new FakeReplica(process.pid), new FakeReplica(2)];
  const onCapacity = vi.fn<() => void>();
  return { a, b, set: new ReplicaSet([a, b], onCapacity), onCapacity };
}

describe('a set of replicas', () => {
  test('runs one request on each, and the next on the one that is free first', async () => {
    const { a, b, set } = createSet();
    const answers = [1, 2, 3].map(() => set.run(NOTHING));
    await settle();
    expect([a.runs, b.runs]).toEqual([1, 1]);
    b.answer();
    await settle();
    expect([a.runs, b.runs]).toEqual([1, 2]);
    a.answer();
    b.answer();
    await Promise.all(answers);
  });

  test('uses the same replica again while one is enough', async () => {
    const { a, b, set } = createSet();
    for (let count = 0; count < 3; count += 1) {
      const answer = set.run(NOTHING);
      a.answer();
      await answer;
    }
    expect([a.runs, b.runs]).toEqual([3, 0]);
  });

  test('reads outputs before the replica runs anything else', async () => {
    const { a, b, set } = createSet();
    b.become('restarting');
    const seen: number[] = [];
    const answers = [1, 2].map((value) =>
      set.runAndRead(NOTHING, () => {
        seen.push(a.runs);
        return value;
      }),
    );
    a.answer();
    await settle();
    a.answer();
    expect(await Promise.all(answers)).toEqual([1, 2]);
    expect(seen).toEqual([1, 2]);
  });

  test('gives the replica back after a run that fails, or outputs that cannot be read', async () => {
    const { a, b, set } = createSet();
    b.become('failed');
    const failed = set.run(NOTHING);
    a.running?.reject(new Error('bad request'));
    await expect(failed).rejects.toThrow('bad request');
    const unread = set.runAndRead(NOTHING, () => {
      throw new Error('unreadable');
    });
    a.answer();
    await expect(unread).rejects.toThrow('unreadable');
    const answer = set.run(NOTHING);
    a.answer();
    await expect(answer).resolves.toBe(NOTHING);
  });

  test('waits for a replica that restarts, and tells what it can run meanwhile', async () => {
    const { a, b, set, onCapacity } = createSet();
    expect(set.capacity).toBe(2);
    a.become('restarting');
    b.become('restarting');
    expect(set.capacity).toBe(0);
    const answer = set.run(NOTHING);
    await settle();
    b.become('ready');
    expect(set.capacity).toBe(1);
    expect(onCapacity).toHaveBeenCalledTimes(3);
    await settle();
    b.answer();
    await expect(answer).resolves.toBe(NOTHING);
  });

  test('goes on with those that are left, and fails everything when none is', async () => {
    const { a, b, set } = createSet();
    a.become('failed');
    expect(set.capacity).toBe(1);
    b.become('restarting');
    const waiting = set.run(NOTHING);
    await settle();
    b.become('failed');
    await expect(waiting).rejects.toThrow(/gave up/);
    // As many as there are: what waits elsewhere comes and learns of it.
    expect(set.capacity).toBe(2);
    await expect(set.run(NOTHING)).rejects.toThrow(/gave up/);
  });

  test('tells states, restarts and the other processes', async () => {
    const { a, b, set } = createSet();
    b.restarts = 3;
    a.become('restarting');
    expect(set.counts()).toEqual({ ready: 1, restarting: 1, failed: 0, closed: 0 });
    expect(set.restarts).toBe(3);
    expect(set.pids).toEqual([2]);
    await set.close();
    expect(set.counts().closed).toBe(2);
  });

  test('closes all that can be closed before it says which could not', async () => {
    const { a, b, set } = createSet();
    a.closing = Promise.reject(new Error('stuck'));
    const end = Promise.withResolvers<void>();
    b.closing = end.promise;
    let isClosed = false;
    const closing = set.close().finally(() => (isClosed = true));
    closing.catch(() => undefined);
    await settle();
    expect(isClosed).toBe(false);
    end.resolve();
    await expect(closing).rejects.toThrow('stuck');
  });
});
