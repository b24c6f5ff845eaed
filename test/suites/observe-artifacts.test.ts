import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeDataset } from '../../suites/data/dataset.ts';
import { observeArtifacts, type ObserveOptions } from '../../suites/observe-artifacts.ts';
import type { WorkloadArtifact } from '../../suites/workload-record.ts';
import {
  SIDE,
  writeBranchingNetwork,
} from '../engine/artifacts/session-memory/branching-network.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

interface Place {
  readonly artifact: WorkloadArtifact;
  readonly options: ObserveOptions;
  readonly steps: string[];
}

async function place(changes: Partial<ObserveOptions> = {}): Promise<Place> {
  const folder = temporaryFolder();
  const datasetFolder = join(folder, 'data');
  const data = new Float32Array(2 * 3 * SIDE * SIDE);
  const input = { name: 'x', type: 'float32', dims: [3, SIDE, SIDE], batched: true, data } as const;
  await writeDataset(datasetFolder, { count: 2, inputs: [input], labels: null });
  const steps: string[] = [];
  return {
    artifact: {
      precision: 'fp32',
      passes: 'none',
      path: writeBranchingNetwork(folder),
      sha256: 'abc',
      nodes: 8,
      golden: null,
      variant: null,
    },
    options: {
      datasetFolder,
      batch: 'free',
      graphLevels: ['all'],
      cacheFolder: join(folder, 'cache'),
      signal: new AbortController().signal,
      onProgress: (message) => steps.push(message),
      ...changes,
    },
    steps,
  };
}

test('each artifact gets the facts of its sessions, level by level', async () => {
  const { artifact, options, steps } = await place({ graphLevels: ['disabled', 'all'] });
  const { artifacts, notes } = await observeArtifacts([artifact], options);
  expect(notes).toEqual([]);
  expect(artifacts).toMatchObject([
    {
      ...artifact,
      sessions: [
        { graphLevel: 'disabled', facts: { batches: [1, 2], nodes: 8 } },
        { graphLevel: 'all', facts: { batches: [1, 2] } },
      ],
    },
  ]);
  expect(steps).toHaveLength(2);
});

test('a batch that the model fixes is observed alone', async () => {
  const { artifact, options } = await place({ batch: 2 });
  const { artifacts } = await observeArtifacts([artifact], options);
  expect(artifacts[0]?.sessions?.[0]?.facts.batches).toEqual([2]);
});

test('what cannot be observed is left without, with a note', async () => {
  const { artifact, options } = await place();
  const broken = { ...artifact, passes: 'clean', path: options.datasetFolder } as const;
  const { artifacts, notes } = await observeArtifacts([broken, artifact], options);
  expect(artifacts.map(({ sessions }) => sessions?.length)).toEqual([0, 1]);
  expect(notes).toEqual([
    expect.stringMatching(/^the memory of fp32 with the passes 'clean' at level all is not known/),
  ]);
});

test('without levels nothing is run', async () => {
  const { artifact, options } = await place({ graphLevels: [], datasetFolder: 'nowhere' });
  expect(await observeArtifacts([artifact], options)).toEqual({ artifacts: [artifact], notes: [] });
});
