import { expect, test } from 'vitest';
import {
  isWithinTolerance,
  leastMeasured,
  predictReplicas,
  predictSession,
} from '../../../../engine/graph/memory-plan/predict-session.ts';
import { sessionFacts } from '../../../support/session-facts.ts';

const MIB = 2 ** 20;
const PLAIN = { batch: 1, arena: false, memPattern: false } as const;

test('a session takes what creating it left, its runs and one request', () => {
  expect(predictSession(sessionFacts(), PLAIN)).toEqual({
    batch: 1,
    weightsBytes: 6 * MIB,
    packedBytes: 2 * MIB,
    loadingBytes: 12 * MIB,
    activationBytes: 7 * MIB,
    // Three copies of 1 MiB, outputs of half a MiB of 24 runs, 4 MiB of heap.
    requestBytes: 19 * MIB,
    sessionBytes: 46 * MIB,
  });
});

test('creating it may take more than running it', () => {
  const { sessionBytes } = predictSession(sessionFacts({ createPeakBytes: 60 * MIB }), PLAIN);
  expect(sessionBytes).toBe(60 * MIB);
});

test('outputs that wait for the collector are bounded', () => {
  const outputs = { fixedBytes: 100 * MIB, sampleBytes: 0 };
  expect(predictSession(sessionFacts({ outputs }), PLAIN).requestBytes).toBe((3 + 64 + 4) * MIB);
});

test('a further replica adds a session without what all share, and a thread its own heap', () => {
  const bytes = (replicas: number, threads: boolean): number =>
    predictReplicas(sessionFacts(), { ...PLAIN, replicas, threads }) / MIB;
  expect([bytes(1, false), bytes(3, false)]).toEqual([46, 46 + 2 * 38]);
  expect(bytes(3, true) - bytes(3, false)).toBe(3 * (bytes(1, true) - bytes(1, false)));
  expect(bytes(1, true)).toBeGreaterThan(bytes(1, false));
});

test('a prediction may be wrong by a quarter of what is measured, or by 8 MiB', () => {
  expect(isWithinTolerance(125, 100)).toBe(true);
  expect(isWithinTolerance(125 * MIB, 100 * MIB)).toBe(true);
  expect(isWithinTolerance(126 * MIB, 100 * MIB)).toBe(false);
  expect(isWithinTolerance(74 * MIB, 100 * MIB)).toBe(false);
  expect(isWithinTolerance(2 * MIB, 10 * MIB)).toBe(true);
  expect(isWithinTolerance(MIB, 10 * MIB)).toBe(false);
});

test('no measurement within the tolerance is below the least', () => {
  for (const predicted of [9, 20, 40, 50, 100, 1000].map((count) => count * MIB)) {
    const least = leastMeasured(predicted);
    expect(isWithinTolerance(predicted, least)).toBe(true);
    expect(isWithinTolerance(predicted, least - MIB / 64)).toBe(false);
  }
  expect(leastMeasured(8 * MIB)).toBe(0);
  expect(leastMeasured(125 * MIB)).toBe(100 * MIB);
  expect(leastMeasured(20 * MIB)).toBe(12 * MIB);
});
