import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { mapTensors } from '../../../engine/graph/map-tensors.ts';
import { readModel } from '../../../engine/graph/read.ts';
import { writeModel } from '../../../engine/graph/write.ts';
import { renderExport } from '../../../tuner/export/render-export.ts';
import { writeExport } from '../../../tuner/export/write-export.ts';
import { nodeTarget } from '../../../tuner/export/targets/node.ts';
import { exportInput, tunedLinear } from '../../support/tuned-results.ts';
import { makeNamedPipe } from '../../support/named-pipe.ts';
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
    moveWeights(tuned.artifact.path, './linear.bin');
    writeFileSync(join(folder, 'linear.bin'), 'weights');
    const input = await exportInput(tuned);
    expect(input.externalFiles).toEqual(['linear.bin']);
    expect(renderExport(nodeTarget, input).files).toContainEqual({
      path: 'node/linear.bin',
      copyOf: join(folder, 'linear.bin'),
    });
  });

  test.each(['../secret', '/etc/passwd', 'a/../../secret', 'link'])(
    'refuses weights in %s',
    async (location) => {
      const folder = temporaryFolder();
      const tuned = tunedLinear(folder);
      symlinkSync('/etc/passwd', join(folder, 'link'));
      moveWeights(tuned.artifact.path, location);
      await expect(exportInput(tuned)).rejects.toThrow(/outside its folder/);
    },
  );

  test.each([
    ['none.bin', 'there is no such file'],
    ['pipe', 'it is no regular file'],
    ['sub', 'it is no regular file'],
  ])('refuses weights in %s: %s', async (location, why) => {
    const folder = temporaryFolder();
    const tuned = tunedLinear(folder);
    makeNamedPipe(join(folder, 'pipe'));
    mkdirSync(join(folder, 'sub'));
    moveWeights(tuned.artifact.path, location);
    await expect(exportInput(tuned)).rejects.toThrow(
      `cannot read the weights '${location}' of ${tuned.artifact.path}: ${why}`,
    );
  });

  test("never takes a model's weights for one of its own files", async () => {
    const folder = temporaryFolder();
    const tuned = tunedLinear(folder);
    writeFileSync(join(folder, 'engine.mjs'), 'owned');
    moveWeights(tuned.artifact.path, './engine.mjs');
    const { files } = renderExport(nodeTarget, await exportInput(tuned));
    const { signal } = new AbortController();
    const out = join(folder, 'out');
    await expect(writeExport(out, files, { force: true, signal })).rejects.toThrow(
      'the export would write node/engine.mjs twice',
    );
    expect(existsSync(out)).toBe(false);
  });

  test.each([
    ['of 0 bytes', ''],
    ['that is cut off', 'half'],
    ['that is none', 'text'],
  ])('refuses a model %s, and names it', async (_, content) => {
    const tuned = tunedLinear(temporaryFolder());
    const { path } = tuned.artifact;
    const half = readFileSync(path).subarray(0, 40);
    writeFileSync(path, content === 'half' ? half : content);
    await expect(exportInput(tuned)).rejects.toThrow(path);
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
