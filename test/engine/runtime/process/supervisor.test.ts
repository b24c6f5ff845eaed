import { describe, expect, test } from 'vitest';
import type { ReplicaChild } from '../../../../engine/runtime/process/replica-child.ts';
import {
  ReplicaLostError,
  type ProcessEnd,
} from '../../../../engine/runtime/process/replica-lost-error.ts';
import {
  DEFAULT_RESTART_POLICY,
  restartDelayMs,
  Supervisor,
  type RestartPolicy,
} from '../../../../engine/runtime/process/supervisor.ts';
import { virtualClock, type VirtualClock } from '../../../support/virtual-clock.ts';

const policy: RestartPolicy = {
  firstDelayMs: 100,
  maxDelayMs: 1000,
  stableAfterMs: 5000,
  maxFailures: 6,
};

/** A process that ends when it is told to. */
class FakeChild implements ReplicaChild {
  readonly pid: number;
  readonly #ending = Promise.withResolvers<ProcessEnd>();
  readonly #endsWhenAsked: boolean;

  constructor(pid: number, endsWhenAsked = true) {
    this.pid = pid;
    this.#endsWhenAsked = endsWhenAsked;
  }

  get ended(): Promise<ProcessEnd> {
    return this.#ending.promise;
  }

  ask(): Promise<never> {
    throw new Error('nobody asks it');
  }

  kill(): void {
    this.#ending.resolve({ exitCode: null, signal: 'SIGKILL', stderr: '' });
  }

  end(): void {
    if (this.#endsWhenAsked) this.crash(0);
  }

  crash(exitCode: number): void {
    this.#ending.resolve({ exitCode, signal: null, stderr: 'boom' });
  }
}

/** Starts that are counted and timed, of processes that are numbered from 1. */
class Starts {
  readonly clock: VirtualClock = virtualClock();
  readonly children: FakeChild[] = [];
  readonly timesMs: number[] = [];
  failing = false;
  endsWhenAsked = true;
  /** The process that a start gives instead of a new one. */
  next: Promise<ReplicaChild> | null = null;

  readonly start = async (): Promise<ReplicaChild> => {
    this.timesMs.push(this.clock.nowMs());
    if (this.failing) throw new Error('no such model');
    if (this.next !== null) return this.next;
    const child = new FakeChild(this.children.length + 1, this.endsWhenAsked);
    this.children.push(child);
    return child;
  };

  supervise(): Promise<Supervisor> {
    return Supervisor.start({ clock: this.clock, policy, start: this.start });
  }

  get last(): FakeChild {
    const child = this.children.at(-1);
    if (child === undefined) throw new Error('nothing was started');
    return child;
  }
}

/** Lets everything that was set in motion come to rest. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe('supervisor', () => {
  test('has the first process, and passes on why there is none', async () => {
    const starts = new Starts();
    const supervisor = await starts.supervise();
    expect(supervisor.state()).toBe('ready');
    expect(supervisor.pid()).toBe(1);
    expect(supervisor.child()).toBe(starts.last);
    starts.failing = true;
    await expect(starts.supervise()).rejects.toThrow('no such model');
    expect(starts.timesMs.length).toBe(2);
  });

  test('waits twice as long before each start in a row, up to the longest wait', async () => {
    const starts = new Starts();
    const supervisor = await starts.supervise();
    for (let crash = 0; crash < 6; crash += 1) {
      starts.last.crash(1);
      await settled();
      expect(supervisor.state()).toBe('restarting');
      await starts.clock.run(supervisor.whenReady());
    }
    // 100, 200, 400, 800, then the longest.
    expect(starts.timesMs).toEqual([0, 100, 300, 700, 1500, 2500, 3500]);
    expect(supervisor.pid()).toBe(7);
  });

  test('begins anew with short waits once a process was ready for long enough', async () => {
    const starts = new Starts();
    const supervisor = await starts.supervise();
    const crashAfter = async (ms: number): Promise<void> => {
      starts.clock.advance(ms);
      starts.last.crash(1);
      await settled();
      await starts.clock.run(supervisor.whenReady());
    };
    await crashAfter(4999);
    await crashAfter(4999);
    await crashAfter(5000);
    const waits = starts.timesMs.map((at, index) => at - (starts.timesMs[index - 1] ?? 0));
    expect(waits).toEqual([0, 4999 + 100, 4999 + 200, 5000 + 100]);
  });

  test('says which process is gone while another is on the way', async () => {
    const starts = new Starts();
    const supervisor = await starts.supervise();
    starts.last.crash(3);
    await settled();
    expect(supervisor.pid()).toBe(null);
    expect(() => supervisor.child()).toThrow(ReplicaLostError);
    expect(() => supervisor.child()).toThrow(/restarting: process 1 ended with exit code 3: boom/);
  });

  test('gives up after so many failed starts in a row, and tells whoever waits', async () => {
    const starts = new Starts();
    const supervisor = await starts.supervise();
    starts.failing = true;
    starts.last.crash(1);
    await settled();
    const waiting = starts.clock.run(supervisor.whenReady());
    await expect(waiting).rejects.toThrow('failed 6 times in a row: no such model');
    expect(supervisor.state()).toBe('failed');
    expect(() => supervisor.child()).toThrow('failed 6 times in a row');
    await expect(supervisor.whenReady()).rejects.toThrow('failed 6 times in a row');
    expect(starts.timesMs.length).toBe(1 + 6);
    await supervisor.close();
  });

  test('asks the process to end, and kills it when it does not', async () => {
    const starts = new Starts();
    starts.endsWhenAsked = false;
    const supervisor = await starts.supervise();
    await starts.clock.run(supervisor.close());
    expect(starts.clock.nowMs()).toBe(5000);
    expect((await starts.last.ended).signal).toBe('SIGKILL');
    expect(starts.children.length).toBe(1);
  });

  test('closes without a start that was due', async () => {
    const starts = new Starts();
    const supervisor = await starts.supervise();
    starts.last.crash(1);
    await settled();
    const waiting = supervisor.whenReady();
    await Promise.all([
      expect(waiting).rejects.toThrow('closed before it was ready'),
      supervisor.close(),
    ]);
    expect(starts.children.length).toBe(1);
  });

  test('ends a process that is ready just when it closes', async () => {
    const starts = new Starts();
    const supervisor = await starts.supervise();
    const ready = Promise.withResolvers<ReplicaChild>();
    starts.next = ready.promise;
    starts.last.crash(1);
    await settled();
    await starts.clock.run(starts.clock.sleep(100));
    const late = new FakeChild(2);
    ready.resolve(late);
    await supervisor.close();
    expect(await late.ended).toMatchObject({ exitCode: 0 });
    expect(supervisor.restarts()).toBe(0);
  });
});

test('the default policy waits 50 ms to 10 s, and gives up after two to three minutes', () => {
  const waits = Array.from({ length: DEFAULT_RESTART_POLICY.maxFailures }, (_wait, index) =>
    restartDelayMs(DEFAULT_RESTART_POLICY, index + 1),
  );
  expect(waits.slice(0, 4)).toEqual([50, 100, 200, 400]);
  expect(Math.max(...waits)).toBe(10_000);
  const totalMs = waits.reduce((sum, wait) => sum + wait, 0);
  expect(totalMs).toBeGreaterThan(120_000);
  expect(totalMs).toBeLessThan(180_000);
});
