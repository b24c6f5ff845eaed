import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ModelBuilder } from '../../../engine/graph/builder.ts';
import { isExternal } from '../../../engine/graph/external-data.ts';
import { loadModel, saveModel } from '../../../engine/graph/model-file.ts';
import type { OnnxModel } from '../../../engine/graph/model.ts';
import { readModel } from '../../../engine/graph/read.ts';
import { writeModel } from '../../../engine/graph/write.ts';
import { createSession } from '../../../engine/runtime/binding.ts';
import { defaultEngineConfig } from '../../../engine/runtime/engine-config.ts';
import { toSessionOptions } from '../../../engine/runtime/session-options.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** y = x . W with W [32, 32], each element 1: 4 KiB. */
function model(): OnnxModel {
  const builder = new ModelBuilder({ name: 'g', opset: 17 });
  const x = builder.input('x', 'float32', ['N', 32]);
  const data = new Float32Array(1024).fill(1);
  const w = builder.initializer('w', { type: 'float32', dims: [32, 32], data });
  builder.output(builder.node('MatMul', [x, w], { outputs: ['y'] }), 'float32', ['N', 32]);
  return builder.build();
}

async function firstOutput(path: string): Promise<number | undefined> {
  const session = await createSession(path, toSessionOptions(defaultEngineConfig(1)));
  const data = new Float32Array(32).fill(1);
  const { y } = await session.run({ x: { type: 'float32', dims: [1, 32], data } });
  await session.close();
  return Number(y?.data[0]);
}

/** A model file whose only weight lies where `entries` say. */
function pointingTo(folder: string, entries: Readonly<Record<string, string>>): string {
  const original = model();
  const path = join(folder, 'model.onnx');
  const externalData = Object.entries(entries).map(([key, value]) => ({ key, value }));
  const initializers = original.graph.initializers.map(({ rawData: _, ...rest }) => ({
    ...rest,
    dataLocation: 1,
    externalData,
  }));
  writeFileSync(path, writeModel({ ...original, graph: { ...original.graph, initializers } }));
  return path;
}

describe('external data', () => {
  test('is written beside the model, aligned, and the runtime finds it', async () => {
    const path = join(temporaryFolder(), 'model.onnx');
    expect(await saveModel(path, model(), { external: true })).toEqual([path, `${path}.data`]);
    const [weight] = readModel(readFileSync(path)).graph.initializers;
    expect(weight === undefined ? false : isExternal(weight)).toBe(true);
    expect(readFileSync(`${path}.data`).byteLength).toBe(4096);
    expect(await firstOutput(path)).toBe(32);
  });

  test('is loaded into memory, after which the model stands alone', async () => {
    const path = join(temporaryFolder(), 'model.onnx');
    await saveModel(path, model(), { external: true });
    const alone = join(temporaryFolder(), 'alone.onnx');
    expect(await saveModel(alone, await loadModel(path))).toEqual([alone]);
    expect(await firstOutput(alone)).toBe(32);
    expect(readFileSync(alone)).toEqual(Buffer.from(writeModel(model())));
  });

  test.each(['../secret', '/etc/hostname', 'a/../../secret', ''])(
    "that lies at '%s' is refused",
    async (location) => {
      const path = pointingTo(temporaryFolder(), { location });
      await expect(loadModel(path)).rejects.toThrow(/'w' keeps its data in .* outside the model/);
    },
  );

  test('behind a link out of the folder is refused, one inside is not', async () => {
    const outside = temporaryFolder();
    writeFileSync(join(outside, 'secret'), new Uint8Array(4096));
    const folder = temporaryFolder();
    symlinkSync(join(outside, 'secret'), join(folder, 'link'));
    const path = pointingTo(folder, { location: 'link', length: '4096' });
    await expect(loadModel(path)).rejects.toThrow(/a link out of the model's folder/);
    mkdirSync(join(folder, 'weights'));
    writeFileSync(join(folder, 'weights', 'w'), new Uint8Array(4096));
    symlinkSync(join(folder, 'weights', 'w'), join(folder, 'inner'));
    await loadModel(pointingTo(folder, { location: 'inner', length: '4096' }));
  });

  test.each([
    [{ offset: '1', length: '4096' }, /wants 4096 bytes at 1 of 'w.bin', which has 4096/],
    [{ offset: '-1' }, /external offset or length '-1'/],
    [{ length: '1e30' }, /external offset or length '1e30'/],
    [{ offset: '5000' }, /external offset or length|wants/],
  ])('with %j beyond its file is refused', async (entries, message) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'w.bin'), new Uint8Array(4096));
    const path = pointingTo(folder, { location: 'w.bin', ...entries });
    await expect(loadModel(path)).rejects.toThrow(message);
  });

  test('that is missing is named', async () => {
    const path = pointingTo(temporaryFolder(), { location: 'w.bin' });
    await expect(loadModel(path)).rejects.toThrow(/external data 'w.bin' of .*: there is no such/);
  });
});
