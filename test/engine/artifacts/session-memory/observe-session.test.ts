import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  cachedSessionFacts,
  observeSession,
} from '../../../../engine/artifacts/session-memory/observe-session.ts';
import { UserError } from '../../../../engine/base/errors.ts';
import { planMemory } from '../../../../engine/graph/memory-plan/plan-memory.ts';
import { sessionFactsSchema } from '../../../../engine/graph/memory-plan/session-facts.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { oneAndTwo, PLANE_BYTES, SIDE, writeBranchingNetwork } from './branching-network.ts';

const options = { timeoutMs: 60_000, signal: new AbortController().signal };

test('a session is observed in a process of its own, and its facts hold for every batch', async () => {
  const modelPath = writeBranchingNetwork(temporaryFolder());
  const observation = { modelPath, graphLevel: 'disabled', requests: oneAndTwo() } as const;
  const facts = await observeSession(observation, options);
  expect(sessionFactsSchema.parse(facts)).toEqual(facts);
  expect(facts).toMatchObject({
    batches: [1, 2],
    nodes: 8,
    feeds: { fixedBytes: 0, sampleBytes: 4 * 3 * SIDE * SIDE },
    outputs: { fixedBytes: 0, sampleBytes: 16 },
    // [16, 3, 3, 3], [16, 16, 3, 3] and [16, 4] of float32.
    weightsBytes: 4 * (432 + 2304 + 64),
  });
  // The second convolution beside the shortcut.
  expect(planMemory(facts, 4).peakBytes).toBeGreaterThanOrEqual(2 * 4 * PLANE_BYTES);
  // Of so small a model most is what any first session brings.
  expect(facts.sharedBytes).toBeGreaterThan(facts.createdBytes / 2);
  expect(facts.createdBytes).toBeGreaterThan(facts.sharedBytes);
  expect(facts.createPeakBytes).toBeGreaterThanOrEqual(facts.createdBytes);
});

test('facts are kept by file, level, shapes and CPU', async () => {
  const folder = temporaryFolder();
  const modelPath = writeBranchingNetwork(folder);
  const cacheFolder = join(folder, 'cache');
  const observation = { modelPath, graphLevel: 'all', requests: oneAndTwo() } as const;
  const cached = { ...options, cacheFolder, cpu: 'a cpu' };
  const facts = await cachedSessionFacts(observation, cached);
  const [name = ''] = readdirSync(join(cacheFolder, 'sessions'));
  const marked = { ...facts, createdBytes: 12_345 };
  writeFileSync(join(cacheFolder, 'sessions', name), JSON.stringify(marked));
  expect(await cachedSessionFacts(observation, cached)).toEqual(marked);
  await cachedSessionFacts({ ...observation, graphLevel: 'basic' }, cached);
  await cachedSessionFacts(observation, { ...cached, cpu: 'another' });
  await cachedSessionFacts({ ...observation, requests: [oneAndTwo()[0]] }, cached);
  expect(readdirSync(join(cacheFolder, 'sessions'))).toHaveLength(4);
});

test('facts that were damaged are found again', async () => {
  const folder = temporaryFolder();
  const modelPath = writeBranchingNetwork(folder);
  const observation = { modelPath, graphLevel: 'all', requests: oneAndTwo() } as const;
  const cached = { ...options, cacheFolder: folder, cpu: 'a cpu' };
  const facts = await cachedSessionFacts(observation, cached);
  const [name = ''] = readdirSync(join(folder, 'sessions'));
  writeFileSync(join(folder, 'sessions', name), '{"batches": [1]}');
  expect(await cachedSessionFacts(observation, cached)).toMatchObject({
    nodes: facts.nodes,
    buffers: facts.buffers,
  });
});

test('a model that does not run is a UserError', async () => {
  const modelPath = join(temporaryFolder(), 'none.onnx');
  writeFileSync(modelPath, 'nothing');
  const observation = { modelPath, graphLevel: 'all', requests: oneAndTwo() } as const;
  await expect(observeSession(observation, options)).rejects.toThrow(UserError);
});

test('observing is given up after its time', async () => {
  const modelPath = writeBranchingNetwork(temporaryFolder());
  const observation = { modelPath, graphLevel: 'all', requests: oneAndTwo() } as const;
  const observing = observeSession(observation, { ...options, timeoutMs: 1 });
  await expect(observing).rejects.toThrow('took longer than 0.001 s');
});
