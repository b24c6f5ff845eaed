import { expect, test } from 'vitest';
import { memoryLines, planSession, requestsOf } from '../../cli/session-memory.ts';
import { planMemory } from '../../engine/graph/memory-plan/plan-memory.ts';
import { predictSession } from '../../engine/graph/memory-plan/predict-session.ts';
import type { Tensors } from '../../engine/runtime/tensor.ts';
import {
  pictures,
  writeBranchingNetwork,
} from '../engine/artifacts/session-memory/branching-network.ts';
import { sessionFacts } from '../support/session-facts.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const around = {
  progress: { step: () => undefined },
  signal: new AbortController().signal,
};

function floats(...dims: number[]): Tensors[string] {
  const length = dims.reduce((product, dim) => product * dim, 1);
  return { type: 'float32', dims, data: new Float32Array(length) };
}

test('a second sample of twice the rows is a second batch', () => {
  const [one, two] = [
    { x: floats(1, 3), t: floats(5) },
    { x: floats(2, 3), t: floats(5) },
  ];
  expect(requestsOf([one, two])).toEqual([
    { batch: 1, feeds: one },
    { batch: 2, feeds: two },
  ]);
});

test('a second sample of another size is none', () => {
  const one = { x: floats(1, 3) };
  for (const other of [{ x: floats(2, 4) }, { x: floats(1, 3) }, { x: floats(3, 3) }, {}]) {
    expect(requestsOf([one, other])).toEqual([{ batch: 1, feeds: one }]);
  }
});

test('a model’s default session is planned at the batch of the first sample', async () => {
  const modelPath = writeBranchingNetwork(temporaryFolder());
  const samples = [pictures(1), pictures(2)];
  const memory = await planSession({ modelPath, samples }, around);
  expect(memory).toMatchObject({ state: 'planned', plan: { batch: 1 }, prediction: { batch: 1 } });
});

test('a model that does not run has no plan, and says why', async () => {
  const modelPath = writeBranchingNetwork(temporaryFolder());
  const memory = await planSession({ modelPath, samples: [{ x: floats(1, 2) }] }, around);
  expect(memory).toEqual({ state: 'unavailable', reason: expect.stringMatching(/rank/) as string });
  expect(memoryLines(memory)).toEqual([expect.stringMatching(/^ {2}memory: not known, .*rank/)]);
});

test('three lines tell the peak, what is alive then, and the session', () => {
  const facts = sessionFacts();
  const plan = planMemory(facts, 2);
  const prediction = predictSession(facts, { batch: 2, arena: false, memPattern: false });
  expect(memoryLines({ state: 'planned', plan, prediction })).toEqual([
    '  memory of a run at batch 2: at most 14 MiB of tensors at a time, 15 MiB if none were used again',
    '  alive then, at node 3 of 4: a 8 MiB, b 4 MiB, c 2 MiB',
    '  a session: about 68 MiB (weights 6 MiB, packed copies 2 MiB, code and what loading leaves 12 MiB, runs 14 MiB)',
  ]);
});
