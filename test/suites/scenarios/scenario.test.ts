import { describe, expect, test } from 'vitest';
import { defaultEngineConfig } from '../../../engine/runtime/engine-config.ts';
import {
  describeScenario,
  leastQueries,
  loadShape,
  SCENARIO_NAMES,
  sendsFullBatches,
  type LoadShape,
  type Scenario,
} from '../../../suites/scenarios/scenario.ts';

const SERVER: Scenario = { name: 'server', ratePerSecond: 1234.5678, bound: null };

function shapeOf(
  scenario: Scenario,
  { maxSize = 1, replicas = 1, free = true } = {},
): readonly (number | null)[] {
  const config = {
    ...defaultEngineConfig(1),
    replicas,
    isolation: replicas === 1 ? ('inline' as const) : ('thread' as const),
    batch: { maxSize, maxDelayMs: 0 },
  };
  const { clients, requestsPerQuery, rowsPerRequest } = loadShape(scenario, config, free);
  return [clients, requestsPerQuery, rowsPerRequest];
}

describe('what a scenario sends: clients, requests a query, samples a request', () => {
  test('closed-loop and offline send full batches, offline two for each replica that is not inline', () => {
    expect(shapeOf({ name: 'closed-loop' }, { maxSize: 4, replicas: 3 })).toEqual([3, 1, 4]);
    expect(shapeOf({ name: 'offline' }, { maxSize: 4, replicas: 3 })).toEqual([6, 1, 4]);
    expect(shapeOf({ name: 'offline' }, { maxSize: 4 })).toEqual([1, 1, 4]);
  });

  test('single-stream and server send one sample, or the batch that the model fixes', () => {
    expect(shapeOf({ name: 'single-stream' }, { maxSize: 4, replicas: 3 })).toEqual([1, 1, 1]);
    expect(shapeOf(SERVER, { maxSize: 4 })).toEqual([null, 1, 1]);
    expect(shapeOf({ name: 'single-stream' }, { maxSize: 4, free: false })).toEqual([1, 1, 4]);
    expect(shapeOf(SERVER, { maxSize: 4, free: false })).toEqual([null, 1, 4]);
  });

  test.each([
    [1, true, [1, 8, 1]],
    [2, true, [1, 4, 2]],
    [3, true, [1, 4, 2]],
    [7, true, [1, 2, 4]],
    [8, true, [1, 1, 8]],
    [64, true, [1, 1, 8]],
    // A fixed batch cannot be divided: three of 3 are the fewest that hold 8.
    [3, false, [1, 3, 3]],
    [16, false, [1, 1, 16]],
  ])('multi-stream divides 8 samples evenly by batches up to %d', (maxSize, free, shape) => {
    expect(shapeOf({ name: 'multi-stream' }, { maxSize, free })).toEqual(shape);
  });
});

test('only a closed loop and offline always fill their batches', () => {
  const filling = SCENARIO_NAMES.filter((name) =>
    sendsFullBatches(name === 'server' ? SERVER : { name }),
  );
  expect(filling).toEqual(['closed-loop', 'offline']);
});

test('as many queries as the percentile of the scenario needs', () => {
  // MLPerf LoadGen's minimums at 99 % confidence.
  expect(leastQueries({ name: 'single-stream' })).toBe(64);
  expect(leastQueries({ name: 'multi-stream' })).toBe(662);
  expect(leastQueries(SERVER)).toBe(662);
  for (const [percentile, least] of [
    ['p50', 11],
    ['p90', 64],
    ['p95', 130],
    ['p99', 662],
  ] as const) {
    expect(leastQueries({ ...SERVER, bound: { percentile, limitMs: 5 } })).toBe(least);
  }
  expect(leastQueries({ name: 'closed-loop' })).toBe(20);
  expect(leastQueries({ name: 'offline' })).toBe(20);
});

test('a scenario says what was sent', () => {
  const one: LoadShape = { clients: 1, requestsPerQuery: 1, rowsPerRequest: 1 };
  expect(describeScenario({ name: 'closed-loop' }, { ...one, clients: 2, rowsPerRequest: 4 })).toBe(
    'closed-loop: 2 clients, 4 samples a request',
  );
  expect(describeScenario({ name: 'single-stream' }, one)).toBe(
    'single-stream: one query at a time, one sample each',
  );
  expect(
    describeScenario({ name: 'multi-stream' }, { ...one, requestsPerQuery: 4, rowsPerRequest: 2 }),
  ).toBe('multi-stream: one query at a time, 8 samples each, in 4 requests');
  expect(describeScenario(SERVER, { ...one, clients: null })).toBe(
    'server: Poisson arrivals at 1235 queries/s, one sample each, latency from the scheduled time',
  );
  expect(describeScenario({ name: 'offline' }, one)).toBe(
    'offline: all samples at once, one sample a request',
  );
});
