import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { writeDataset } from '../../../suites/data/dataset.ts';
import {
  buildVariants,
  defaultFloors,
  type BuiltVariants,
  type VariantOptions,
} from '../../../suites/quantization/build-variants.ts';
import type { WorkloadSource } from '../../../suites/workload-source.ts';
import { classes, PICTURE, pictures, writeClassifier } from '../../support/quantizable-models.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

async function writeSamples(
  datasetFolder: string,
  count: number,
  labels: Int32Array | null,
): Promise<string> {
  const inputs = [
    { name: 'x', type: 'float32', dims: PICTURE, batched: true, data: pictures(count) } as const,
  ];
  await writeDataset(datasetFolder, { count, inputs, labels });
  return datasetFolder;
}

/** A classifier with 16 labelled pictures. */
async function workloadIn(folder: string): Promise<WorkloadSource> {
  return {
    modelPath: writeClassifier(folder),
    datasetFolder: await writeSamples(join(folder, 'dataset'), 16, classes(16)),
    calibrationFolder: null,
    data: { kind: 'file', path: 'data.npz', description: '16 labelled samples' },
    dims: {},
    batch: 'free',
    samples: 16,
    labelled: 16,
    notes: [],
  };
}

async function build(
  source: WorkloadSource,
  cacheFolder: string,
  changes: Partial<VariantOptions> = {},
): Promise<BuiltVariants & { readonly progress: readonly string[] }> {
  const progress: string[] = [];
  const built = await buildVariants(source, {
    precisions: ['int8-static'],
    batch: 'free',
    kernels: { activations: 'uint8', weightBits: 8 },
    floors: [],
    sampleMs: 1,
    threads: 1,
    cacheFolder,
    signal: new AbortController().signal,
    onProgress: (message) => progress.push(message),
    ...changes,
  });
  return { ...built, progress };
}

describe('the variants of a workload', () => {
  test('are made where they can be had, the others left out with a note', async () => {
    const folder = temporaryFolder();
    const source = await workloadIn(folder);
    const precisions = ['int8-static', 'int4-weights'] as const;
    const built = await build(source, folder, { precisions });
    expect(built.artifacts).toHaveLength(1);
    const [artifact] = built.artifacts;
    expect(artifact).toMatchObject({ precision: 'int8-static', passes: 'clean', nodes: 2 });
    expect(artifact?.variant).toMatchObject({ kept: [], quantized: 2 });
    expect(existsSync(artifact?.path ?? '')).toBe(true);
    // What it computes is its own reference in each trial.
    expect(existsSync(join(artifact?.golden ?? '', 'dataset.json'))).toBe(true);
    expect(built.notes).toEqual([
      'int8-static: accuracy 100 % (fp32 100 %) at batch 1, accuracy 100 % (fp32 100 %) at batch 8; 100 % of the products in integer kernels',
      expect.stringMatching(/^int4-weights is left out: nothing to make int4-weights: /),
    ]);
    // Half of the samples calibrate: a trial scores the others.
    expect(built.unseen).toBe(8);
    expect(built.progress).toContain('int8-static: calibrating on 8 of 8 requests');

    const again = await build(source, folder, { precisions: ['int8-static'] });
    expect(again.artifacts).toEqual(built.artifacts);
    expect(again.progress).toEqual(['making the int8-static variant']);
  });

  test('leave all samples to the trials where calibration has its own', async () => {
    const folder = temporaryFolder();
    const calibrationFolder = await writeSamples(join(folder, 'training'), 5, null);
    const source = { ...(await workloadIn(folder)), calibrationFolder };
    const built = await build(source, folder);
    expect(built.artifacts[0]?.variant?.quality).toMatchObject([
      { set: 'batch 1', samples: 16 },
      { set: 'batch 16', samples: 16 },
    ]);
    expect(built.unseen).toBe(16);
    expect(built.progress).toContain('int8-static: calibrating on 5 of 5 requests');
  });

  test('that miss a floor are left out: the trials may score every sample', async () => {
    const folder = temporaryFolder();
    const floors = [{ kind: 'sqnr', value: 190 }] as const;
    const built = await build(await workloadIn(folder), folder, { floors });
    expect(built).toMatchObject({ artifacts: [], unseen: 16 });
    expect(built.notes).toEqual([
      expect.stringMatching(
        /^int8-static is left out: int8-static does not hold the floor, .* in fp32: sqnr [\d.]+ at batch 1, floor 190/,
      ),
    ]);
  });

  test('are none where none is asked for, and nothing is read then', async () => {
    const source = { ...(await workloadIn(temporaryFolder())), datasetFolder: 'nowhere' };
    const built = await build(source, 'nowhere', { precisions: [] });
    expect(built).toEqual({ artifacts: [], notes: [], unseen: 16, progress: [] });
  });

  test('stop when they are told to: that is no note', async () => {
    const folder = temporaryFolder();
    const reason = new Error('stopped');
    const signal = AbortSignal.abort(reason);
    await expect(build(await workloadIn(folder), folder, { signal })).rejects.toBe(reason);
  });

  test('must lose no more than a point of accuracy, or stay close without labels', () => {
    expect(defaultFloors(true)).toEqual([{ kind: 'accuracy-loss', value: 0.01 }]);
    expect(defaultFloors(false)).toEqual([{ kind: 'cosine', value: 0.99 }]);
  });
});
