import { describe, expect, it } from 'vitest';
import type { BatchRequest } from '../../../../engine/runtime/batching/batch-request.ts';
import { LaneSchedule } from '../../../../engine/runtime/batching/lane-schedule.ts';
import type { LaneEntry, RequestLane } from '../../../../engine/runtime/batching/request-lane.ts';

function entryOf(lane: RequestLane<BatchRequest>): LaneEntry<BatchRequest> {
  const request = { id: 1, samples: 1, priority: 3, arrivedAtMs: 2, deadlineAtMs: null };
  return {
    heapIndex: -1,
    request: { ...request, shapeKey: lane.shapeKey },
    lane,
    order: 1,
    rank: 2,
    previous: null,
    next: null,
  };
}

describe('LaneSchedule', () => {
  it('keeps a shape for as long as requests of it wait, so that shapes do not pile up', () => {
    const lanes = new LaneSchedule<BatchRequest>({ maxSize: 4, maxDelayMs: 10 });
    const lane = lanes.laneOf('s');
    const entry = entryOf(lane);
    lane.append(entry);
    lanes.place(lane);
    expect(lanes.laneOf('s')).toBe(lane);
    expect(lanes.nextWakeMs).toBe(12);
    lane.remove(entry);
    lanes.place(lane);
    expect(lanes.laneOf('s')).not.toBe(lane);
    expect(lanes.nextWakeMs).toBe(Number.POSITIVE_INFINITY);
  });

  it('gives every request without a shape a lane of its own', () => {
    const lanes = new LaneSchedule<BatchRequest>({ maxSize: 4, maxDelayMs: 10 });
    expect(lanes.laneOf(null)).not.toBe(lanes.laneOf(null));
  });
});
