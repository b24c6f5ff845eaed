import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { mapTensors } from '../../../engine/graph/map-tensors.ts';
import { readModel } from '../../../engine/graph/read.ts';
import { writeModel } from '../../../engine/graph/write.ts';
import { renderExport } from '../../../tuner/export/render-export.ts';
import { nodeTarget } from '../../../tuner/export/targets/node.ts';
import { exportInput, tunedLinear } from '../../support/tuned-results.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** The linear model with its weights in another file. */
function moveWeights(path: string, location: string): void {
  const moved = mapTensors(readModel(readFileSync(path)), ({ rawData: _, ...tensor }) => ({
    ...tensor,
    dataLocation: 1,
    externalData: [{ $typeName: 'onnx.StringStringEntryProto', key: 'location', value: location }],
  }));
  writeFileSync(path, writeModel(moved));
}

describe('what an export is made of', () => {
  test('includes the files that the model keeps weights in', async () => {
    const folder = temporaryFolder();
    const tuned = tunedLinear(folder);
    moveWeights(tuned.artifact.path, 'linear.bin');
    const input = await exportInput(tuned);
    expect(input.externalFiles).toEqual(['linear.bin']);
    expect(renderExport(nodeTarget, input).files).toContainEqual({
      path: 'node/linear.bin',
      copyOf: join(folder, 'linear.bin'),
    });
  });

  test.each(['../secret', '/etc/passwd'])('refuses weights in %s', async (location) => {
    const tuned = tunedLinear(temporaryFolder());
    moveWeights(tuned.artifact.path, location);
    await expect(exportInput(tuned)).rejects.toThrow(/outside its folder/);
  });

  test.each([
    ['ResNet_18.v2.onnx', 'resnet-18-v2'],
    ['18.onnx', 'model'],
    ['日本.onnx', 'model'],
  ])('names services of %s as %s', async (name, expected) => {
    const tuned = tunedLinear(temporaryFolder());
    const input = await exportInput({ ...tuned, model: { ...tuned.model, name } });
    expect(input.name).toBe(expected);
  });
});
