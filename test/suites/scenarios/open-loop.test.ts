import { describe, expect, test } from 'vitest';
import { quantileOfSorted } from '../../../engine/base/statistics.ts';
import { latencyFigures } from '../../../suites/trial/latency-figures.ts';
import { driveOpenLoop } from '../../../suites/scenarios/open-loop.ts';
import {
  exponentialService,
  queueServer,
  simulateLoad,
  virtualPacer,
} from '../../support/simulated-server.ts';
import { virtualClock } from '../../support/virtual-clock.ts';

const never = async (): Promise<void> => new Promise(() => undefined);

function drive(
  arrivals: readonly number[],
  options: {
    readonly query?: (
      clock: ReturnType<typeof virtualClock>,
    ) => (index: number) => Promise<unknown>;
    readonly stallMs?: (index: number) => number;
    readonly window?: number;
    readonly giveUp?: { readonly limitMs: number; readonly count: number };
  } = {},
): ReturnType<typeof driveOpenLoop> {
  const clock = virtualClock();
  const arrivalsMs = Float64Array.from(arrivals);
  const query = options.query?.(clock) ?? queueServer(clock, () => 10);
  return clock.run(
    driveOpenLoop(query, {
      arrivalsMs,
      pacer: virtualPacer(clock, arrivalsMs, options.stallMs),
      window: options.window ?? 100,
      drainMs: 1000,
      giveUp: options.giveUp ?? null,
      nowMs: () => clock.nowMs(),
      sleep: (ms, signal) => clock.sleep(ms, signal),
    }),
  );
}

describe('the open loop', () => {
  test('latency runs from the scheduled time, also for what had to wait', async () => {
    const load = await drive([0, 1, 2, 50]);
    // One server, 10 ms each: answered at 10, 20, 30 and 60.
    expect([...load.latenciesMs]).toEqual([10, 19, 28, 10]);
    expect(load.elapsedMs).toBe(60);
    expect(load.queriesPerSecond).toBeCloseTo(4000 / 60, 10);
    expect(Math.max(...load.lagsMs)).toBe(0);
    expect(load.unanswered).toBe(0);
  });

  test('a generator that stalls is late, says by how much, and slips nothing', async () => {
    const load = await drive([0, 5, 10, 100], { stallMs: (index) => (index === 0 ? 40 : 0) });
    expect([...load.lagsMs]).toEqual([40, 35, 30, 0]);
    // The first is out before the stall; the two that were due meanwhile are answered after it.
    expect([...load.latenciesMs].at(-1)).toBe(10);
  });

  test('waits in order outside a full window', async () => {
    let most = 0;
    let inFlight = 0;
    const load = await drive([0, 0, 0, 0], {
      window: 2,
      query: (clock) => async () => {
        inFlight += 1;
        most = Math.max(most, inFlight);
        await clock.sleep(10);
        inFlight -= 1;
      },
    });
    expect(most).toBe(2);
    expect([...load.latenciesMs]).toEqual([10, 10, 20, 20]);
  });

  test('what is never answered counts with the time it has waited, not as nothing', async () => {
    const load = await drive([0, 10, 20], {
      query: () => (index) => (index === 1 ? never() : Promise.resolve()),
    });
    expect(load.unanswered).toBe(1);
    // The drain ends 1000 ms after the last arrival at 20.
    expect([...load.latenciesMs].sort((a, b) => a - b)).toEqual([0, 0, 1010]);
  });

  test('gives up once the bound cannot be met any more', async () => {
    const arrivals = Array.from({ length: 1000 }, (_, index) => index);
    const load = await drive(arrivals, { window: 1, giveUp: { limitMs: 50, count: 3 } });
    expect(load.gaveUp).toBe(true);
    // Answers come every 10 ms, 9 ms later each: the seventh is the first over 50 ms.
    expect(load.latenciesMs.length).toBeLessThan(12);
  });

  test('a failed query ends the load with its error', async () => {
    const failing = drive([0, 1], { query: () => () => Promise.reject(new Error('refused')) });
    await expect(failing).rejects.toThrow('refused');
  });

  test('on M/M/1, whose sojourn times are exponential, finds the true percentiles', async () => {
    // Service 5 ms, 100 arrivals/s: rho 0.5, sojourn exponential with mean 10 ms.
    const load = await simulateLoad({
      ratePerSecond: 100,
      queries: 40_000,
      serviceMs: exponentialService(5, 3),
      seed: 4,
    });
    const figures = latencyFigures(load.latenciesMs);
    expect(figures.mean / 10).toBeCloseTo(1, 1);
    expect(figures.p50 / (10 * Math.log(2))).toBeCloseTo(1, 1);
    expect(Math.abs(figures.p99 / (10 * Math.log(100)) - 1)).toBeLessThan(0.1);
    expect(figures.certified.p99).toBeGreaterThan(figures.p99);
    expect(load.queriesPerSecond).toBeCloseTo(100, -1);
  });

  test('a server that stalls 1.4 s in 10 s has a p99 over 1 s (coordinated omission)', async () => {
    const stall = (startMs: number): number => (startMs >= 5000 && startMs < 5005 ? 1400 : 5);
    const stalled = await simulateLoad({
      ratePerSecond: 100,
      queries: 1,
      durationMs: 10_000,
      serviceMs: stall,
      seed: 1,
    });
    expect(latencyFigures(stalled.latenciesMs).p99).toBeGreaterThan(1000);
    // What a client that waits for each answer would have told: one slow query in a thousand.
    const told = Float64Array.from(stalled.latenciesMs, () => 5);
    told[0] = 1400;
    expect(quantileOfSorted(told.sort(), 0.99)).toBe(5);
  });
});
