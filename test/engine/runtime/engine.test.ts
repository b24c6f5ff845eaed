import { describe, expect, test } from 'vitest';
import { defaultEngineConfig } from '../../../engine/runtime/engine-config.ts';
import { Engine } from '../../../engine/runtime/engine.ts';
import type { Tensors } from '../../../engine/runtime/tensor.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { writeLinearModel } from '../../support/tiny-models.ts';

const inline = { ...defaultEngineConfig(1), spinning: false };
const twoThreads = { ...inline, replicas: 2, isolation: 'thread' } as const;

function row(a: number, b: number): Tensors {
  return { x: { type: 'float32', dims: [1, 2], data: Float32Array.of(a, b) } };
}

describe('engine', () => {
  test.each([
    ['one inline replica', inline],
    ['two thread replicas', twoThreads],
  ])('answers every request of many at once with its own result: %s', async (_, config) => {
    const engine = await Engine.open({ artifact: writeLinearModel(temporaryFolder()), config });
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_unused, index) => engine.infer(row(index, 1))),
    );
    const sums = answers.map((answer) => answer['y']?.data[2]);
    expect(sums).toEqual(Array.from({ length: 50 }, (_unused, index) => index + 1));
    await engine.close();
  });

  test('answers what waits before it closes, and refuses what comes after', async () => {
    const engine = await Engine.open({
      artifact: writeLinearModel(temporaryFolder()),
      config: inline,
    });
    const waiting = [engine.infer(row(1, 2)), engine.infer(row(3, 4)), engine.infer(row(5, 6))];
    const closed = engine.close();
    await expect(engine.infer(row(1, 1))).rejects.toThrow(/closed/);
    expect((await Promise.all(waiting)).map((answer) => answer['y']?.data[2])).toEqual([3, 7, 11]);
    await closed;
    await engine.close();
  });

  test('refuses one request too many, and goes on', async () => {
    const engine = await Engine.open({
      artifact: writeLinearModel(temporaryFolder()),
      config: inline,
      maxQueued: 1,
    });
    const accepted = [engine.infer(row(1, 1)), engine.infer(row(2, 2))];
    await expect(engine.infer(row(3, 3))).rejects.toThrow(/queue is full: 1/);
    await Promise.all(accepted);
    expect((await engine.infer(row(4, 4)))['y']?.data[2]).toBe(8);
    await engine.close();
  });

  test.each<[string, Tensors, RegExp]>([
    ['a missing input', {}, /input 'x' is missing/],
    ['an unknown input', { ...row(1, 1), z: row(1, 1)['x'] as never }, /no input 'z'/],
    [
      'a wrong type',
      { x: { type: 'int32', dims: [1, 2], data: Int32Array.of(1, 2) } },
      /must be float32\[N, 2\], not int32\[1, 2\]/,
    ],
    [
      'a wrong shape',
      { x: { type: 'float32', dims: [1, 3], data: new Float32Array(3) } },
      /must be float32\[N, 2\], not float32\[1, 3\]/,
    ],
    [
      'a wrong size',
      { x: { type: 'float32', dims: [2, 2], data: new Float32Array(3) } },
      /has 3 elements, not 4/,
    ],
  ])('names %s before it is queued', async (_, feeds, message) => {
    const engine = await Engine.open({
      artifact: writeLinearModel(temporaryFolder()),
      config: inline,
    });
    await expect(engine.infer(feeds)).rejects.toThrow(message);
    await engine.close();
  });

  test('refuses a config that cannot be applied before a model is loaded', async () => {
    const config = { ...inline, replicas: 3 };
    await expect(Engine.open({ artifact: 'absent.onnx', config })).rejects.toThrow(
      /one replica, not 3/,
    );
  });
});
