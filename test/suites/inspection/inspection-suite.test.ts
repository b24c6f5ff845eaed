import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { describeModel } from '../../../engine/graph/describe.ts';
import { readModel } from '../../../engine/graph/read.ts';
import { openDataset } from '../../../suites/data/dataset.ts';
import { inspectionSuite } from '../../../suites/inspection/inspection-suite.ts';
import type { BuiltSuite, SuiteBuildOptions } from '../../../suites/suite.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

function options(folder: string, signal = new AbortController().signal): SuiteBuildOptions {
  return { folder, signal, onProgress: () => undefined };
}

const PROGRAM = join(import.meta.dirname, 'programs', 'build-suite.ts');

/** In a process of its own: training takes half as long again where every import is a look-up. */
async function buildApart(folder: string): Promise<BuiltSuite> {
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, folder]);
  return JSON.parse(stdout) as BuiltSuite;
}

/** The percentages in the suite's notes, in their order: network, raw pixels. */
function percentages(notes: readonly string[]): number[] {
  return notes.map((note) => Number(/([\d.]+) %/.exec(note)?.[1]));
}

test(
  'is learnt by the network and not by a classifier of pixels, and is kept',
  { timeout: 180_000 },
  async () => {
    const folder = temporaryFolder();
    const built = await buildApart(folder);
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

    expect(readdirSync(dirname(built.datasetFolder)).toSorted()).toEqual([
      'calibration',
      'held-out',
      'inspection.onnx',
      'manifest.json',
    ]);

    // A damaged file is noticed: the whole is made again, from its pictures on.
    writeFileSync(built.modelPath, 'damaged');
    const { steps, ended } = buildUntil(/drawing/, folder);
    await expect(ended).rejects.toThrow('enough');
    expect(steps).toEqual(['drawing 6000 training and 1000 held-out images']);
  },
);

test('stopped in the middle, it leaves nothing behind', { timeout: 60_000 }, async () => {
  const folder = join(temporaryFolder(), 'suites');
  await expect(buildUntil(/layer 2/, folder).ended).rejects.toThrow('enough');
  expect(readdirSync(folder)).toEqual([]);
});

/** Builds until a step is reached; `steps` has those so far. */
function buildUntil(
  last: RegExp,
  folder: string,
): { readonly steps: readonly string[]; readonly ended: Promise<BuiltSuite> } {
  const controller = new AbortController();
  const steps: string[] = [];
  const ended = inspectionSuite.build({
    ...options(folder, controller.signal),
    onProgress: (message) => {
      steps.push(message);
      if (last.test(message)) controller.abort(new Error('enough'));
    },
  });
  return { steps, ended };
}
