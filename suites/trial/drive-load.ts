import { allowedOver, CERTIFICATE_CONFIDENCE } from '../../engine/base/percentile-certificate.ts';
import type { Clock } from '../../engine/base/clock.ts';
import type { Tensors } from '../../engine/runtime/tensor.ts';
import { poissonArrivals } from '../scenarios/arrivals.ts';
import { driveClosedLoop, type DrivenLoad } from '../scenarios/closed-loop.ts';
import { generatorThread } from '../scenarios/generator-thread.ts';
import { driveOpenLoop, type OpenLoopOptions } from '../scenarios/open-loop.ts';
import { PERCENTILES, type LoadShape, type Scenario } from '../scenarios/scenario.ts';
import type { RequestPool } from './request-pool.ts';

export interface LoadOptions {
  readonly infer: (feeds: Tensors) => Promise<unknown>;
  readonly requests: RequestPool;
  readonly scenario: Scenario;
  readonly shape: LoadShape;
  readonly durationMs: number;
  readonly leastQueries: number;
  readonly maxMs: number;
  readonly seed: number;
  /** Requests that all replicas together work on at a time. */
  readonly concurrency: number;
  readonly clock: Clock;
}

export interface FinishedLoad extends DrivenLoad {
  /** Of the generator; null in a closed loop. */
  readonly lagsMs: Float64Array | null;
  readonly unanswered: number;
  readonly gaveUp: boolean;
}

/** Sends one scenario's load, from beginning to end. */
export async function driveLoad(options: LoadOptions): Promise<FinishedLoad> {
  const { scenario } = options;
  if (scenario.name === 'server') return driveServer(options, scenario);
  const { clients } = options.shape;
  const driven = await driveClosedLoop(closedQuery(options), {
    clients: clients ?? 1,
    durationMs: options.durationMs,
    leastQueries: options.leastQueries,
    maxMs: options.maxMs,
    nowMs: () => options.clock.nowMs(),
  });
  return { ...driven, lagsMs: null, unanswered: 0, gaveUp: false };
}

/** A query of one request is sent as it is; the parts of a larger one at once. */
export function closedQuery({
  infer,
  requests,
  shape,
}: Pick<LoadOptions, 'infer' | 'requests' | 'shape'>): (
  client: number,
  index: number,
) => Promise<unknown> {
  const { requestsPerQuery } = shape;
  if (requestsPerQuery === 1) return (client, index) => infer(requests.next(client, index));
  const parts = Array.from({ length: requestsPerQuery }, (_, part) => part);
  return (client, index) =>
    Promise.all(parts.map((part) => infer(requests.next(client, index * parts.length + part))));
}

/** Requests handed to the engine per one that its replicas work on, so that a queue forms there. */
const QUEUED_PER_SLOT = 4;
/** At most what the engine's queue holds beside those that run: one more would be refused. */
const MOST_QUEUED = 1024;

function driveServer(
  options: LoadOptions,
  scenario: Extract<Scenario, { name: 'server' }>,
): Promise<FinishedLoad> {
  const { infer, requests, clock } = options;
  const arrivalsMs = poissonArrivals({
    ratePerSecond: scenario.ratePerSecond,
    durationMs: options.durationMs,
    leastCount: options.leastQueries,
    maxMs: options.maxMs,
    seed: options.seed,
  });
  return driveOpenLoop((index) => infer(requests.next(0, index)), {
    arrivalsMs,
    pacer: generatorThread(arrivalsMs),
    window: Math.min(QUEUED_PER_SLOT * options.concurrency, MOST_QUEUED),
    drainMs: Math.max(2000, options.durationMs / 2),
    giveUp: giveUpRule(scenario, arrivalsMs.length),
    nowMs: () => clock.nowMs(),
    sleep: (ms, signal) => clock.sleep(ms, signal),
  });
}

/** Early stopping: more queries over the bound than the whole count could forgive. */
function giveUpRule(
  { bound }: Extract<Scenario, { name: 'server' }>,
  count: number,
): OpenLoopOptions['giveUp'] {
  if (bound === null) return null;
  const allowed = allowedOver(PERCENTILES[bound.percentile], count, CERTIFICATE_CONFIDENCE);
  return { limitMs: bound.limitMs, count: allowed ?? 0 };
}
