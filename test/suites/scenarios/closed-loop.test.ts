import { describe, expect, test } from 'vitest';
import { driveClosedLoop } from '../../../suites/scenarios/closed-loop.ts';
import { virtualClock } from '../../support/virtual-clock.ts';

const once = { clients: 1, durationMs: 100, leastQueries: 1, maxMs: 1000 } as const;

describe('the closed loop', () => {
  test('times each query, and nothing else, on the clock it is given', async () => {
    let now = 1000;
    const query = async (): Promise<void> => {
      now += 10;
    };
    const load = await driveClosedLoop(query, { ...once, nowMs: () => now });
    expect([...load.latenciesMs]).toEqual(Array.from({ length: 10 }, () => 10));
    expect([...load.completedMs]).toEqual(Array.from({ length: 10 }, (_, i) => 10 * (i + 1)));
    expect(load.elapsedMs).toBe(100);
    expect(load.queriesPerSecond).toBe(100);
  });

  test('goes on beyond the time until the count is met', async () => {
    let now = 0;
    const query = async (): Promise<void> => {
      now += 60;
    };
    const load = await driveClosedLoop(query, { ...once, leastQueries: 5, nowMs: () => now });
    expect(load.latenciesMs.length).toBe(5);
  });

  test('stops at the latest at the limit, also with the count unmet', async () => {
    let now = 0;
    const query = async (): Promise<void> => {
      now += 400;
    };
    const load = await driveClosedLoop(query, { ...once, leastQueries: 50, nowMs: () => now });
    expect(load.latenciesMs.length).toBe(3);
  });

  test('keeps one query of each client in flight, and counts them by client', async () => {
    let now = 0;
    let inFlight = 0;
    let most = 0;
    const sent: string[] = [];
    const query = async (client: number, index: number): Promise<void> => {
      inFlight += 1;
      most = Math.max(most, inFlight);
      sent.push(`${client}.${index}`);
      await Promise.resolve();
      now += 10;
      inFlight -= 1;
    };
    await driveClosedLoop(query, { ...once, clients: 2, nowMs: () => now });
    expect(most).toBe(2);
    expect(sent.slice(0, 4).sort()).toEqual(['0.0', '0.1', '1.0', '1.1']);
  });

  test('a client that ends early does not count its idle tail as slowness', async () => {
    const clock = virtualClock();
    const load = await clock.run(
      // Client 0 takes 30 ms, then 90; client 1 takes 90.
      driveClosedLoop((client, index) => clock.sleep(client + index === 0 ? 30 : 90), {
        ...once,
        clients: 2,
        durationMs: 80,
        nowMs: () => clock.nowMs(),
      }),
    );
    // Client 0: 30 + 90 = 120 ms for 2 queries; client 1: 90 ms for 1.
    expect(load.elapsedMs).toBe(120);
    expect(load.queriesPerSecond).toBeCloseTo((2 / 120 + 1 / 90) * 1000, 10);
    expect([...load.completedMs]).toEqual([30, 90, 120]);
    expect([...load.latenciesMs]).toEqual([30, 90, 90]);
  });

  test('keeps every latency of a long run, in the order of time', async () => {
    let now = 0;
    let step = 0;
    const query = async (): Promise<void> => {
      now += step % 2 === 0 ? 0.01 : 0.02;
      step += 1;
    };
    const load = await driveClosedLoop(query, { ...once, nowMs: () => now });
    expect(load.latenciesMs.length).toBeGreaterThan(6600);
    expect(load.latenciesMs[5000]).toBeCloseTo(0.01, 6);
    expect(load.latenciesMs[5001]).toBeCloseTo(0.02, 6);
  });

  test('a failed query ends the load with its error', async () => {
    const failing = async (): Promise<never> => {
      throw new Error('refused');
    };
    await expect(driveClosedLoop(failing, { ...once, nowMs: () => 0 })).rejects.toThrow('refused');
  });
});
