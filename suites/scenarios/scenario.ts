import { z } from 'zod';
import { CERTIFICATE_CONFIDENCE, requiredCount } from '../../engine/base/percentile-certificate.ts';
import { formatCount } from '../../engine/base/units.ts';
import type { EngineConfig } from '../../engine/runtime/engine-config.ts';

/**
 * How a workload is driven. The names and loads of `single-stream`,
 * `multi-stream`, `server` and `offline` are those of MLPerf Inference; in
 * `closed-loop`, the load of the search, each replica has one client that sends
 * full batches.
 */
export const SCENARIO_NAMES = [
  'closed-loop',
  'single-stream',
  'multi-stream',
  'server',
  'offline',
] as const;
export type ScenarioName = (typeof SCENARIO_NAMES)[number];

export const PERCENTILES = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99 } as const;

const boundSchema = z.strictObject({
  percentile: z.enum(['p50', 'p90', 'p95', 'p99']),
  limitMs: z.number().positive(),
});
/** A latency that a percentile of the queries must stay below. */
export type LatencyBound = Readonly<z.infer<typeof boundSchema>>;

export const scenarioSchema = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('closed-loop') }),
  z.strictObject({ name: z.literal('single-stream') }),
  z.strictObject({ name: z.literal('multi-stream') }),
  z.strictObject({
    name: z.literal('server'),
    /** Mean arrivals, queries per second. */
    ratePerSecond: z.number().positive(),
    /** Judged when the load ends; null where only the latency at a rate is asked for. */
    bound: boundSchema.nullable(),
  }),
  z.strictObject({ name: z.literal('offline') }),
]);
export type Scenario = Readonly<z.infer<typeof scenarioSchema>>;

/** Samples of a multi-stream query: MLPerf's. */
const STREAMS = 8;

/** What is sent, and by how many at once. */
export interface LoadShape {
  /** Queries in flight at a time; null when they come on their own schedule. */
  readonly clients: number | null;
  readonly requestsPerQuery: number;
  readonly rowsPerRequest: number;
}

export function loadShape(
  scenario: Scenario,
  config: EngineConfig,
  batchIsFree: boolean,
): LoadShape {
  const { maxSize } = config.batch;
  const single = batchIsFree ? 1 : maxSize;
  switch (scenario.name) {
    case 'closed-loop':
      return { clients: config.replicas, requestsPerQuery: 1, rowsPerRequest: maxSize };
    case 'single-stream':
      return { clients: 1, requestsPerQuery: 1, rowsPerRequest: single };
    case 'multi-stream': {
      const rows = batchIsFree ? largestDivisor(STREAMS, maxSize) : maxSize;
      return {
        clients: 1,
        requestsPerQuery: Math.max(1, Math.ceil(STREAMS / rows)),
        rowsPerRequest: rows,
      };
    }
    case 'server':
      return { clients: null, requestsPerQuery: 1, rowsPerRequest: single };
    case 'offline':
      // Everything is there at once: a replica that has answered always finds the
      // next request waiting, so each has a second one queued behind the first. A replica
      // on the caller's own thread has nothing to wait for.
      return {
        clients: config.isolation === 'inline' ? 1 : 2 * config.replicas,
        requestsPerQuery: 1,
        rowsPerRequest: maxSize,
      };
  }
}

/** Whether every request fills its batch, so that no batcher waits. */
export function sendsFullBatches({ name }: Scenario): boolean {
  return name === 'closed-loop' || name === 'offline';
}

/** Requests of unequal size would make one query's parts end at different times. */
function largestDivisor(of: number, limit: number): number {
  for (let size = Math.min(of, limit); size > 1; size -= 1) if (of % size === 0) return size;
  return 1;
}

/** Queries without which the scenario's own percentile cannot be certified. */
export function leastQueries(scenario: Scenario): number {
  switch (scenario.name) {
    case 'single-stream':
      return requiredCount(PERCENTILES.p90, 1, CERTIFICATE_CONFIDENCE);
    case 'multi-stream':
      return requiredCount(PERCENTILES.p99, 1, CERTIFICATE_CONFIDENCE);
    case 'server': {
      const percentile = PERCENTILES[scenario.bound?.percentile ?? 'p99'];
      return requiredCount(percentile, 1, CERTIFICATE_CONFIDENCE);
    }
    case 'closed-loop':
    case 'offline':
      return 20;
  }
}

/** For people: what was sent. */
export function describeScenario(scenario: Scenario, shape: LoadShape): string {
  const samples = shape.requestsPerQuery * shape.rowsPerRequest;
  const each = samples === 1 ? 'one sample' : `${samples} samples`;
  switch (scenario.name) {
    case 'closed-loop':
      return `closed-loop: ${formatCount(shape.clients ?? 0, 'client')}, ${each} a request`;
    case 'single-stream':
      return `single-stream: one query at a time, ${each} each`;
    case 'multi-stream':
      return `multi-stream: one query at a time, ${each} each, in ${formatCount(shape.requestsPerQuery, 'request')}`;
    case 'server':
      return `server: Poisson arrivals at ${Number(scenario.ratePerSecond.toPrecision(4))} queries/s, ${each} each, latency from the scheduled time`;
    case 'offline':
      return `offline: all samples at once, ${each} a request`;
  }
}
