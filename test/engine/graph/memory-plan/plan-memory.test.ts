import { expect, test } from 'vitest';
import { planMemory } from '../../../../engine/graph/memory-plan/plan-memory.ts';
import { sessionFacts } from '../../../support/session-facts.ts';

const MIB = 2 ** 20;

test('the plan tells what is alive at each node, and what at the peak', () => {
  const plan = planMemory(sessionFacts(), 2);
  // a; a and b; a, b and c; a, c and y: in MiB a sample 4, 6, 7 and 5.5.
  expect(plan.aliveBytes).toEqual([8, 12, 14, 11].map((count) => count * MIB));
  expect(plan).toMatchObject({ batch: 2, peakBytes: 14 * MIB, peakNode: 2 });
  expect(plan.peakTensors).toEqual([
    { name: 'a', bytes: 8 * MIB },
    { name: 'b', bytes: 4 * MIB },
    { name: 'c', bytes: 2 * MIB },
  ]);
});

test('without reuse every tensor counts', () => {
  expect(planMemory(sessionFacts(), 4).withoutReuseBytes).toBe(30 * MIB);
});

test('a buffer has the name of what lies in it at the peak', () => {
  const size = { fixedBytes: 64, sampleBytes: 0 };
  const tensors = [
    { name: 'sum', madeBy: 0 },
    { name: 'relu', madeBy: 1 },
    { name: 'later', madeBy: 3 },
  ];
  const buffers = [
    { size, first: 0, last: 3, isOutput: false, tensors },
    { size, first: 2, last: 2, isOutput: false, tensors: [{ name: 'other', madeBy: 2 }] },
  ];
  const { peakNode, peakTensors } = planMemory(sessionFacts({ buffers }), 1);
  expect([peakNode, peakTensors[0]?.name]).toEqual([2, 'relu']);
});

test('a graph that takes nothing has no peak', () => {
  expect(planMemory(sessionFacts({ nodes: 0, buffers: [] }), 1)).toMatchObject({
    peakBytes: 0,
    peakNode: 0,
    peakTensors: [],
    aliveBytes: [],
  });
});
