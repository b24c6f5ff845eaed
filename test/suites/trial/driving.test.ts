import { describe, expect, test } from 'vitest';
import { systemClock, type Clock } from '../../../engine/base/clock.ts';
import type { Tensors } from '../../../engine/runtime/tensor.ts';
import type { Dataset } from '../../../suites/data/dataset.ts';
import { closedQuery, driveLoad, type LoadOptions } from '../../../suites/trial/drive-load.ts';
import { prepareRequests } from '../../../suites/trial/request-pool.ts';
import type { TrialProtocol } from '../../../suites/trial/trial-spec.ts';
import { warmUp, type WarmUp } from '../../../suites/trial/warm-up.ts';
import { virtualClock } from '../../support/virtual-clock.ts';

/** Samples that are their own numbers, each of so many bytes. */
function countingDataset(
  count: number,
  bytesPerSample = 1,
): Dataset & { readonly reads: number[] } {
  const reads: number[] = [];
  return {
    count,
    labels: null,
    reads,
    read: async (start, rows) => {
      reads.push(start);
      const data = new Uint8Array(rows * bytesPerSample);
      data[0] = start % count;
      return { x: { type: 'uint8', dims: [rows, bytesPerSample], data } };
    },
    close: async () => undefined,
  };
}

/** Which sample a request begins with. */
function startOf({ x }: Tensors): number {
  return Number(x?.data[0]);
}

describe('prepared requests', () => {
  test('are distinct runs of samples, as many as the data has', async () => {
    const dataset = countingDataset(10);
    const pool = await prepareRequests(dataset, { rows: 3, clients: 1, seed: 1 });
    expect(dataset.reads).toEqual([0, 3, 6]);
    expect(startOf(pool.first)).toBe(0);
    const drawn = Array.from({ length: 200 }, (_, index) => startOf(pool.next(0, index)));
    expect([...new Set(drawn)].toSorted((a, b) => a - b)).toEqual([0, 3, 6]);
    expect(pool.next(0, 5)).toBe(pool.next(0, 5));
  });

  test('are one where the data has fewer samples than a request', async () => {
    const dataset = countingDataset(2);
    await prepareRequests(dataset, { rows: 8, clients: 1, seed: 1 });
    expect(dataset.reads).toEqual([0]);
  });

  test('are bounded in number and in memory', async () => {
    const many = countingDataset(100);
    await prepareRequests(many, { rows: 1, clients: 1, seed: 1 });
    expect(many.reads).toHaveLength(16);
    // 64 MiB hold two requests of 30 MiB, and at least one of whatever size.
    const large = countingDataset(100, 30 * 2 ** 20);
    await prepareRequests(large, { rows: 1, clients: 1, seed: 1 });
    expect(large.reads).toHaveLength(2);
    const huge = countingDataset(100, 70 * 2 ** 20);
    await prepareRequests(huge, { rows: 1, clients: 1, seed: 1 });
    expect(huge.reads).toHaveLength(1);
  });

  test('come in an order of their own for each client, the same for the same seed', async () => {
    const orders = async (seed: number): Promise<string[]> => {
      const pool = await prepareRequests(countingDataset(16), { rows: 1, clients: 2, seed });
      return [0, 1].map((client) =>
        Array.from({ length: 32 }, (_, index) => startOf(pool.next(client, index))).join(' '),
      );
    };
    const [first, second] = await orders(1);
    expect(second).not.toBe(first);
    expect(await orders(1)).toEqual([first, second]);
    expect(await orders(2)).not.toEqual([first, second]);
  });
});

async function loadOf(
  differences: Partial<LoadOptions> & Pick<LoadOptions, 'infer'>,
): Promise<Awaited<ReturnType<typeof driveLoad>>> {
  const requests = await prepareRequests(countingDataset(4), { rows: 1, clients: 1, seed: 1 });
  return driveLoad({
    requests,
    scenario: { name: 'closed-loop' },
    shape: { clients: 1, requestsPerQuery: 1, rowsPerRequest: 1 },
    durationMs: 100,
    leastQueries: 1,
    maxMs: 10_000,
    seed: 1,
    concurrency: 1,
    clock: systemClock,
    ...differences,
  });
}

describe('a load', () => {
  test('in a closed loop meets the time and the count, and has no schedule', async () => {
    const clock = virtualClock();
    const load = await clock.run(loadOf({ infer: () => clock.sleep(10), clock }));
    expect([...load.latenciesMs]).toEqual(Array.from({ length: 10 }, () => 10));
    expect(load).toMatchObject({ elapsedMs: 100, queriesPerSecond: 100, lagsMs: null });
    expect(load).toMatchObject({ unanswered: 0, gaveUp: false });
    const more = virtualClock();
    const longer = await more.run(
      loadOf({ infer: () => more.sleep(10), clock: more, leastQueries: 25 }),
    );
    expect(longer.latenciesMs).toHaveLength(25);
  });

  test('sends the parts of a query at once, each a request of its own', async () => {
    const clock = virtualClock();
    const asked: [client: number, index: number, atMs: number][] = [];
    const query = closedQuery({
      infer: () => clock.sleep(10),
      requests: {
        first: {},
        next: (client, index) => {
          asked.push([client, index, clock.nowMs()]);
          return {};
        },
      },
      shape: { clients: 1, requestsPerQuery: 3, rowsPerRequest: 2 },
    });
    await clock.run(query(4, 0));
    await clock.run(query(4, 1));
    expect(asked).toEqual([
      [4, 0, 0],
      [4, 1, 0],
      [4, 2, 0],
      [4, 3, 10],
      [4, 4, 10],
      [4, 5, 10],
    ]);
  });

  test('of a server comes when it is due, whatever the answers do', async () => {
    const load = await loadOf({
      infer: async () => undefined,
      scenario: { name: 'server', ratePerSecond: 500, bound: null },
      shape: { clients: null, requestsPerQuery: 1, rowsPerRequest: 1 },
      leastQueries: 30,
    });
    expect(load.latenciesMs.length).toBeGreaterThanOrEqual(30);
    expect(load.lagsMs).toHaveLength(load.latenciesMs.length);
    expect(load).toMatchObject({ unanswered: 0, gaveUp: false });
  });

  test('of a server at a low rate ends in time, with fewer queries than were wanted', async () => {
    // 1000 queries at 50 a second would take 20 s; in 0.2 s some ten of them are due.
    const load = await loadOf({
      infer: async () => undefined,
      scenario: { name: 'server', ratePerSecond: 50, bound: null },
      shape: { clients: null, requestsPerQuery: 1, rowsPerRequest: 1 },
      leastQueries: 1000,
      maxMs: 200,
    });
    expect(load.elapsedMs).toBeLessThan(1000);
    expect(load.latenciesMs.length).toBeGreaterThan(0);
    expect(load.latenciesMs.length).toBeLessThan(40);
  });

  test('of a server that cannot meet its bound any more is given up', async () => {
    // 30 s of arrivals at 20 ms each; the bound is missed by all of them.
    const load = await loadOf({
      infer: () => systemClock.sleep(20),
      scenario: {
        name: 'server',
        ratePerSecond: 20,
        bound: { percentile: 'p99', limitMs: 5 },
      },
      shape: { clients: null, requestsPerQuery: 1, rowsPerRequest: 1 },
      durationMs: 30_000,
    });
    expect(load.gaveUp).toBe(true);
    expect(load.elapsedMs).toBeLessThan(2000);
  });
});

const PROTOCOL: TrialProtocol = {
  windowMs: 20,
  warmupMinRequests: 50,
  warmupMaxMs: 1000,
  measureMs: 100,
  measureMinRequests: 10,
  measureMaxMs: 1000,
};

/** A warm-up in which the nth query takes so long; counts the pauses between windows. */
async function warmUpWith(
  latencyMs: (index: number) => number,
  more: { readonly protocol?: Partial<TrialProtocol>; readonly clients?: number } = {},
): Promise<WarmUp & { readonly pauses: number }> {
  const clock: Clock & ReturnType<typeof virtualClock> = virtualClock();
  let pauses = 0;
  let index = 0;
  const warm = await clock.run(
    warmUp(
      () => clock.sleep(latencyMs(index++)),
      { ...PROTOCOL, ...more.protocol },
      {
        clients: more.clients ?? 1,
        nowMs: () => clock.nowMs(),
        afterWindow: () => void (pauses += 1),
      },
    ),
  );
  return { ...warm, pauses };
}

describe('the warm-up', () => {
  test('ends when five windows agree', async () => {
    // Windows of 20 ms hold 20 queries of 1 ms each.
    expect(await warmUpWith(() => 1)).toEqual({
      requests: 100,
      elapsedMs: 100,
      warnings: [],
      pauses: 5,
    });
  });

  test('goes on until the requests are enough', async () => {
    // Queries of 2 ms in groups of three: twelve a window of 20 ms, so that seven hold 84.
    const protocol = { warmupMinRequests: 75 };
    expect(await warmUpWith(() => 2, { protocol })).toMatchObject({ requests: 84, pauses: 7 });
  });

  test('forgets what was slow before the last five windows', async () => {
    const { requests, warnings, pauses } = await warmUpWith((index) => (index < 10 ? 9 : 1));
    expect(warnings).toEqual([]);
    expect({ requests, pauses }).toEqual({ requests: 110, pauses: 6 });
  });

  test('gives up on a trend, and says how far the windows were apart', async () => {
    const { elapsedMs, warnings } = await warmUpWith((index) => 1 + index / 100);
    expect(elapsedMs).toBeGreaterThanOrEqual(1000);
    const [unsteady, ...others] = warnings;
    expect(others).toEqual([]);
    if (unsteady?.kind !== 'no-steady-state') throw new Error('the warm-up was steady');
    expect(unsteady.span).toBeGreaterThan(0.02);
    expect(unsteady.windows).toBeGreaterThan(20);
  });

  test('of a slow model ends at its limit, with too few windows to tell', async () => {
    const { requests, elapsedMs, warnings } = await warmUpWith(() => 400);
    // A window needs ten queries; the time is up at the third.
    expect({ requests, elapsedMs }).toEqual({ requests: 3, elapsedMs: 1200 });
    expect(warnings).toEqual([{ kind: 'no-steady-state', span: null, windows: 1 }]);
  });
});
