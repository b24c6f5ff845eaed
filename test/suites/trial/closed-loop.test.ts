import { describe, expect, test } from 'vitest';
import type { Tensors } from '../../../engine/runtime/tensor.ts';
import { driveClosedLoop } from '../../../suites/trial/closed-loop.ts';

function feedsNamed(...names: string[]): Tensors[] {
  return names.map((name) => ({
    [name]: { type: 'float32', dims: [], data: new Float32Array(1) },
  }));
}

const once = { clients: 1, durationMs: 100, minRequests: 1, maxMs: 1000 } as const;

describe('the closed loop', () => {
  test('times each request, and nothing else, on the clock it is given', async () => {
    let now = 1000;
    const result = await driveClosedLoop(
      async () => {
        now += 10;
      },
      feedsNamed('a'),
      { ...once, nowMs: () => now },
    );
    expect([...result.latenciesMs]).toEqual(Array.from({ length: 10 }, () => 10));
    expect(result.elapsedMs).toBe(100);
    expect(result.requestsPerSecond).toBe(100);
  });

  test('goes on beyond the time until the count is met', async () => {
    let now = 0;
    const result = await driveClosedLoop(
      async () => {
        now += 60;
      },
      feedsNamed('a'),
      { ...once, minRequests: 5, nowMs: () => now },
    );
    expect(result.latenciesMs.length).toBe(5);
  });

  test('stops at the latest at the limit, also with the count unmet', async () => {
    let now = 0;
    const result = await driveClosedLoop(
      async () => {
        now += 400;
      },
      feedsNamed('a'),
      { ...once, minRequests: 50, nowMs: () => now },
    );
    expect(result.latenciesMs.length).toBe(3);
  });

  test('keeps one request of each client in flight, each starting at another place', async () => {
    let now = 0;
    let inFlight = 0;
    let most = 0;
    const sent: string[] = [];
    await driveClosedLoop(
      async (feeds) => {
        inFlight += 1;
        most = Math.max(most, inFlight);
        sent.push(Object.keys(feeds)[0] ?? '');
        await Promise.resolve();
        now += 10;
        inFlight -= 1;
      },
      feedsNamed('a', 'b', 'c'),
      { ...once, clients: 2, nowMs: () => now },
    );
    expect(most).toBe(2);
    expect(sent.slice(0, 4)).toEqual(['a', 'b', 'b', 'c']);
  });

  test('a client that ends early does not count its idle tail as slowness', async () => {
    const time = virtualTime();
    // Client 0 starts with `quick` and goes on with it, client 1 has `slow`.
    const infer = (feeds: Tensors): Promise<void> => time.after('quick' in feeds ? 30 : 90);
    const driven = driveClosedLoop(infer, feedsNamed('quick', 'slow', 'quick', 'slow'), {
      ...once,
      clients: 2,
      durationMs: 80,
      nowMs: () => time.nowMs(),
    });
    await time.run();
    const { requestsPerSecond, elapsedMs } = await driven;
    // Client 0: 30 + 90 = 120 ms for 2 requests; client 1: 90 ms for 1.
    expect(elapsedMs).toBe(120);
    expect(requestsPerSecond).toBeCloseTo((2 / 120 + 1 / 90) * 1000, 10);
  });

  test('keeps every latency of a long run', async () => {
    let now = 0;
    const result = await driveClosedLoop(
      async () => {
        now += 0.01;
      },
      feedsNamed('a'),
      { ...once, nowMs: () => now },
    );
    expect(result.latenciesMs.length).toBeGreaterThan(9990);
    expect(Math.min(...result.latenciesMs)).toBeGreaterThan(0.0099);
  });

  test('a failed request ends the drive with its error', async () => {
    const failing = async (): Promise<never> => {
      throw new Error('refused');
    };
    await expect(
      driveClosedLoop(failing, feedsNamed('a'), { ...once, nowMs: () => 0 }),
    ).rejects.toThrow('refused');
  });
});

/** A clock that jumps from one due answer to the next. */
function virtualTime(): {
  nowMs(): number;
  after(ms: number): Promise<void>;
  run(): Promise<void>;
} {
  let now = 0;
  let due: { at: number; resolve: () => void }[] = [];
  return {
    nowMs: () => now,
    after: (ms) => new Promise((resolve) => due.push({ at: now + ms, resolve })),
    run: async () => {
      while (due.length > 0) {
        due = due.toSorted((a, b) => a.at - b.at);
        const next = due.shift();
        now = next?.at ?? now;
        next?.resolve();
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}
