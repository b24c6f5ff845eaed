import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { describeModel } from '../../../engine/graph/describe.ts';
import { readModel } from '../../../engine/graph/read.ts';
import { openDataset } from '../../../suites/data/dataset.ts';
import { inspectionSuite } from '../../../suites/inspection/inspection-suite.ts';
import type { SuiteBuildOptions } from '../../../suites/suite.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

function options(folder: string, signal = new AbortController().signal): SuiteBuildOptions {
  return { folder, signal, onProgress: () => undefined };
}

/** The percentages in the suite's notes, in their order: network, raw pixels. */
function percentages(notes: readonly string[]): number[] {
  return notes.map((note) => Number(/([\d.]+) %/.exec(note)?.[1]));
}

test(
  'is learnt by the network and not by a classifier of pixels, and is kept',
  { timeout: 280_000 },
  async () => {
    const folder = temporaryFolder();
    const built = await inspectionSuite.build(options(folder));
    const [network, pixels] = percentages(built.notes);
    expect(network).toBeGreaterThanOrEqual(95);
    expect(pixels).toBeLessThan(75);

    // As an exporter writes it: everything apart, the batch symbolic.
    const { inputs, operators } = describeModel(readModel(readFileSync(built.modelPath)));
    expect(inputs).toEqual([{ name: 'image', elementType: 'float32', dims: ['N', 1, 64, 64] }]);
    expect(operators).toMatchObject({ Conv: 7, BatchNormalization: 7, Relu: 7, Gemm: 1 });

    const heldOut = await openDataset(built.datasetFolder);
    const calibration = await openDataset(built.calibrationFolder);
    expect([heldOut.count, calibration.count]).toEqual([1000, 256]);
    expect(new Set(heldOut.labels)).toEqual(new Set([0, 1, 2, 3]));
    await Promise.all([heldOut.close(), calibration.close()]);
    expect(readdirSync(folder)).toEqual(['inspection-v4']);

    const startedMs = performance.now();
    expect(await inspectionSuite.build(options(folder))).toEqual(built);
    expect(performance.now() - startedMs).toBeLessThan(1000);

    // A damaged file is noticed: the whole is made again, the same byte for byte.
    const before = readFileSync(built.modelPath);
    writeFileSync(built.modelPath, 'damaged');
    await inspectionSuite.build(options(folder));
    expect(readFileSync(built.modelPath).equals(before)).toBe(true);
    expect(readdirSync(dirname(built.datasetFolder)).toSorted()).toEqual([
      'calibration',
      'held-out',
      'inspection.onnx',
      'manifest.json',
    ]);
  },
);

test('stopped in the middle, it leaves nothing behind', { timeout: 60_000 }, async () => {
  const folder = temporaryFolder();
  const controller = new AbortController();
  const building = inspectionSuite.build({
    ...options(join(folder, 'suites'), controller.signal),
    onProgress: (message) => {
      if (/layer 2/.test(message)) controller.abort(new Error('enough'));
    },
  });
  await expect(building).rejects.toThrow('enough');
  expect(readdirSync(join(folder, 'suites'))).toEqual([]);
});
