import { describe, expect, it } from 'vitest';
import { createRandom, type Random } from '../../../../engine/base/random.ts';
import {
  BatchQueue,
  type BatchQueueOptions,
} from '../../../../engine/runtime/batching/batch-queue.ts';
import type { BatchRequest } from '../../../../engine/runtime/batching/batch-request.ts';
import { NaiveQueue } from './naive-queue.ts';

const STEPS = 600;
const SEEDS = Array.from({ length: 40 }, (_, seed) => seed);

function randomOptions(random: Random): BatchQueueOptions {
  return {
    maxSize: random.pick([1, 2, 4, 7]),
    maxDelayMs: random.pick([0, 3, 10]),
    maxQueued: random.pick([3, 12, 1000]),
    ageingMs: random.pick([1, 8, 1000]),
  };
}

function randomRequest(random: Random, id: number, nowMs: number): BatchRequest {
  return {
    id,
    samples: random.pick([1, 1, 1, 2, 3, 9]),
    shapeKey: random.pick(['a', 'a', 'b', 'c', null]),
    priority: 1 + random.integer(5),
    arrivedAtMs: nowMs,
    deadlineAtMs: random.next() < 0.3 ? nowMs + 1 + random.integer(20) : null,
  };
}

/** What one step of a random schedule gave, from both queues. */
interface Step {
  readonly actual: unknown;
  readonly expected: unknown;
}

/** Both queues through the same offers, cancellations, expiries and batches. */
function* randomSchedule(random: Random, options: BatchQueueOptions): Generator<Step> {
  const [queue, naive] = [new BatchQueue<BatchRequest>(options), new NaiveQueue(options)];
  let nowMs = 0;
  for (let id = 0; id < STEPS; id += 1) {
    nowMs += random.integer(3);
    const request = randomRequest(random, id, nowMs);
    const offered = queue.offer(request).state === 'accepted';
    yield { actual: offered, expected: naive.offer(request) };
    const cancelled = random.integer(id + 1);
    if (random.next() < 0.2) {
      yield { actual: queue.cancel(cancelled) !== undefined, expected: naive.cancel(cancelled) };
    }
    const expired = queue.expire(nowMs).map((each) => each.id);
    yield { actual: expired, expected: naive.expire(nowMs) };
    if (random.next() < 0.6) {
      const marginMs = random.integer(4);
      yield { actual: queue.next(nowMs, marginMs), expected: naive.next(nowMs, marginMs) };
    }
    yield { actual: queue.size, expected: naive.size };
  }
}

describe('BatchQueue', () => {
  it.each(SEEDS)('decides like the plain list of the same rules: seed %d', (seed) => {
    const random = createRandom(seed, 'batch queue');
    let steps = 0;
    for (const { actual, expected } of randomSchedule(random, randomOptions(random))) {
      expect(actual).toEqual(expected);
      steps += 1;
    }
    expect(steps).toBeGreaterThan(STEPS);
  });
});
