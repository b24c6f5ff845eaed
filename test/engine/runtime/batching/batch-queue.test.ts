import { describe, expect, it } from 'vitest';
import {
  BatchQueue,
  type BatchQueueOptions,
} from '../../../../engine/runtime/batching/batch-queue.ts';
import type { BatchRequest } from '../../../../engine/runtime/batching/batch-request.ts';

function createQueue(options: Partial<BatchQueueOptions> = {}): BatchQueue<BatchRequest> {
  return new BatchQueue({ maxSize: 4, maxDelayMs: 0, maxQueued: 1024, ageingMs: 1000, ...options });
}

function request(id: number, fields: Partial<BatchRequest> = {}): BatchRequest {
  return {
    id,
    samples: 1,
    shapeKey: 's',
    priority: 3,
    arrivedAtMs: 0,
    deadlineAtMs: null,
    ...fields,
  };
}

function queueOf(
  requests: readonly BatchRequest[],
  options: Partial<BatchQueueOptions> = {},
): BatchQueue<BatchRequest> {
  const queue = createQueue(options);
  for (const each of requests) expect(queue.offer(each)).toEqual({ state: 'accepted' });
  return queue;
}

/** Ids of the next batch, `wait TIME` or `empty`. */
function next(queue: BatchQueue<BatchRequest>, nowMs: number, marginMs = 0): number[] | string {
  const step = queue.next(nowMs, marginMs);
  if (step.state === 'batch') return step.requests.map((each) => each.id);
  return step.state === 'wait' ? `wait ${step.untilMs}` : 'empty';
}

function ids(requests: readonly BatchRequest[]): number[] {
  return requests.map((each) => each.id);
}

describe('size of a batch', () => {
  it('is the largest that can be formed, then what is left', () => {
    const queue = queueOf([1, 2, 3, 4, 5].map((id) => request(id)));
    expect(next(queue, 0)).toEqual([1, 2, 3, 4]);
    expect(next(queue, 0)).toEqual([5]);
    expect(next(queue, 0)).toBe('empty');
  });

  it('counts samples, and no request overtakes one that does not fit', () => {
    const queue = queueOf([
      request(1, { samples: 3 }),
      request(2, { samples: 2 }),
      request(3, { samples: 1 }),
    ]);
    expect(next(queue, 0)).toEqual([1]);
    expect(next(queue, 0)).toEqual([2, 3]);
  });

  it.each([4, 5, 100])('leaves a request of %d samples alone, without a delay', (samples) => {
    const queue = queueOf([request(1, { samples }), request(2)], { maxDelayMs: 10 });
    expect(next(queue, 0)).toEqual([1]);
    expect(next(queue, 0)).toBe('wait 10');
  });

  it('never mixes shapes', () => {
    const queue = queueOf([
      request(1, { shapeKey: 'a' }),
      request(2, { shapeKey: 'b' }),
      request(3, { shapeKey: 'a' }),
    ]);
    expect(next(queue, 0)).toEqual([1, 3]);
    expect(next(queue, 0)).toEqual([2]);
  });

  it('runs requests without a shape one by one, without a delay', () => {
    const queue = queueOf([request(1, { shapeKey: null }), request(2, { shapeKey: null })], {
      maxDelayMs: 10,
    });
    expect([next(queue, 0), next(queue, 0), next(queue, 0)]).toEqual([[1], [2], 'empty']);
  });
});

describe('delay', () => {
  it('makes a batch that can grow wait from the arrival of its oldest request', () => {
    const queue = queueOf([request(1, { arrivedAtMs: 5 }), request(2, { arrivedAtMs: 9 })], {
      maxDelayMs: 10,
    });
    expect(next(queue, 9)).toBe('wait 15');
    expect(next(queue, 14.999)).toBe('wait 15');
    expect(next(queue, 15)).toEqual([1, 2]);
  });

  it('ends when the batch is full, or when the next request does not fit', () => {
    const full = queueOf([request(1, { samples: 3 }), request(2)], { maxDelayMs: 10 });
    expect(next(full, 0)).toEqual([1, 2]);
    const tight = queueOf([request(1, { samples: 3 }), request(2, { samples: 2 })], {
      maxDelayMs: 10,
    });
    expect(next(tight, 0)).toEqual([1]);
    expect(next(tight, 0)).toBe('wait 10');
  });

  it('starts again from the oldest of those left behind', () => {
    const queue = queueOf(
      [
        request(1, { samples: 3 }),
        request(2, { samples: 2, arrivedAtMs: 4 }),
        request(3, { arrivedAtMs: 6 }),
      ],
      { maxDelayMs: 10 },
    );
    expect(next(queue, 6)).toEqual([1]);
    expect(next(queue, 6)).toBe('wait 14');
  });

  it('does not hold up a full batch of another shape', () => {
    const queue = queueOf(
      [
        request(1, { shapeKey: 'a', priority: 1 }),
        request(2, { shapeKey: 'b', samples: 4, priority: 5 }),
      ],
      { maxDelayMs: 10 },
    );
    expect(next(queue, 0)).toEqual([2]);
    expect(next(queue, 0)).toBe('wait 10');
  });

  it('waits until the first of several shapes is due', () => {
    const queue = queueOf(
      [
        request(1, { shapeKey: 'a', arrivedAtMs: 1 }),
        request(2, { shapeKey: 'b', arrivedAtMs: 2 }),
      ],
      { maxDelayMs: 10 },
    );
    expect(next(queue, 2)).toBe('wait 11');
    expect(next(queue, 11)).toEqual([1]);
    expect(next(queue, 11)).toBe('wait 12');
    expect(next(queue, 12)).toEqual([2]);
  });

  it('is taken up again when the request that made the batch full is cancelled', () => {
    const queue = queueOf([request(1, { samples: 3 }), request(2)], { maxDelayMs: 10 });
    queue.cancel(2);
    expect(next(queue, 0)).toBe('wait 10');
  });
});

describe('deadline', () => {
  it('ends the wait early enough to be met', () => {
    const queue = queueOf([request(1), request(2, { deadlineAtMs: 8 })], { maxDelayMs: 10 });
    expect(next(queue, 0, 3)).toBe('wait 5');
    expect(next(queue, 4.9, 3)).toBe('wait 5');
    expect(next(queue, 5, 3)).toEqual([1, 2]);
  });

  it('does not make a batch wait that has no time left', () => {
    const queue = queueOf([request(1, { deadlineAtMs: 2 })], { maxDelayMs: 10 });
    expect(next(queue, 0, 3)).toEqual([1]);
  });

  it('of one shape does not start the batch of another', () => {
    const queue = queueOf(
      [request(1, { shapeKey: 'a' }), request(2, { shapeKey: 'b', deadlineAtMs: 5 })],
      { maxDelayMs: 10 },
    );
    expect(next(queue, 5 - 1, 1)).toEqual([2]);
    expect(next(queue, 4, 1)).toBe('wait 10');
  });

  it('of several shapes at once starts them all', () => {
    const queue = queueOf(
      ['a', 'b', 'c'].map((shapeKey, index) => request(index, { shapeKey, deadlineAtMs: 5 })),
      { maxDelayMs: 10 },
    );
    expect([0, 1, 2].map(() => next(queue, 4, 1))).toEqual([[0], [1], [2]]);
  });

  it('expires at its time, the earliest first, and not before', () => {
    const queue = queueOf([
      request(1, { deadlineAtMs: 9 }),
      request(2),
      request(3, { deadlineAtMs: 5 }),
      request(4, { deadlineAtMs: 9.5 }),
    ]);
    expect(queue.earliestDeadlineMs).toBe(5);
    expect(queue.expire(4.999)).toEqual([]);
    expect(ids(queue.expire(9))).toEqual([3, 1]);
    expect(queue.earliestDeadlineMs).toBe(9.5);
    expect(next(queue, 9)).toEqual([2, 4]);
    expect(queue.earliestDeadlineMs).toBeNull();
  });
});

describe('priority', () => {
  it('goes before arrival, and arrival within a priority', () => {
    const queue = queueOf(
      [request(1), request(2, { priority: 5 }), request(3, { priority: 1 }), request(4)],
      { maxSize: 1 },
    );
    expect([1, 2, 3, 4].map(() => next(queue, 0))).toEqual([[3], [1], [4], [2]]);
  });

  it('fills a batch with the most urgent first', () => {
    const queue = queueOf(
      [request(1, { priority: 5 }), request(2), request(3), request(4, { priority: 1 })],
      { maxSize: 3 },
    );
    expect(next(queue, 0)).toEqual([4, 2, 3]);
    expect(next(queue, 0)).toEqual([1]);
  });

  it.each([
    [2999, [2, 1]],
    [3000, [1, 2]],
    [3001, [1, 2]],
  ])(
    'of two levels more overtakes what came less than two ageings before: %d ms',
    (arrivedAtMs, order) => {
      const queue = queueOf(
        [request(1, { priority: 5 }), request(2, { priority: 3, arrivedAtMs })],
        { maxSize: 1, ageingMs: 1500 },
      );
      expect([next(queue, arrivedAtMs), next(queue, arrivedAtMs)].flat()).toEqual(order);
    },
  );

  it('does not starve the least under a stream of the most urgent', () => {
    const queue = queueOf([request(0, { priority: 5 })], { maxSize: 1, ageingMs: 10 });
    let servedAtMs = -1;
    for (let nowMs = 1; servedAtMs < 0 && nowMs < 1000; nowMs += 1) {
      // Two arrive for each that is served: the urgent ones alone would fill all time.
      queue.offer(request(2 * nowMs, { priority: 1, arrivedAtMs: nowMs }));
      queue.offer(request(2 * nowMs + 1, { priority: 1, arrivedAtMs: nowMs }));
      if (next(queue, nowMs)[0] === 0) servedAtMs = nowMs;
    }
    // Those of the first (5 - 1) x 10 ms, less the last, which arrive no earlier: 2 x 39, then it.
    expect(servedAtMs).toBe(79);
  });
});

describe('bounds', () => {
  it('refuses one request too many and names the limit, until there is room', () => {
    const queue = queueOf([request(1), request(2)], { maxQueued: 2 });
    expect(queue.offer(request(3))).toEqual({ state: 'full', limit: 2 });
    expect(queue.size).toBe(2);
    expect(queue.cancel(1)?.id).toBe(1);
    expect(queue.offer(request(3))).toEqual({ state: 'accepted' });
    expect(next(queue, 0)).toEqual([2, 3]);
    expect(queue.size).toBe(0);
  });

  it('cancels what waits, and knows nothing of what does not', () => {
    const queue = queueOf([request(1), request(2), request(3)]);
    expect(queue.cancel(2)).toEqual(request(2));
    expect(queue.cancel(2)).toBeUndefined();
    expect(next(queue, 0)).toEqual([1, 3]);
    expect(queue.cancel(1)).toBeUndefined();
  });
});
