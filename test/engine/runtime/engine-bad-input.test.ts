import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { UserError } from '../../../engine/base/errors.ts';
import { Engine } from '../../../engine/runtime/engine.ts';
import type { Tensors } from '../../../engine/runtime/tensor.ts';
import { writeLinearModel } from '../../support/tiny-models.ts';
import { ENGINES, numbersOf, rows } from './open-engine.ts';

/** One input, of something that is no tensor of the model. */
function wrong(x: unknown): Tensors {
  return { x } as Tensors;
}

// One engine bears all of it: each input leaves it usable.
describe.each(ENGINES)('an engine of %s', (_, config) => {
  const folder = mkdtempSync(join(tmpdir(), 'claw-test-'));
  let engine: Engine;

  beforeAll(async () => {
    engine = await Engine.open({ artifact: writeLinearModel(folder), config });
  });
  afterAll(async () => {
    await engine.close();
    rmSync(folder, { recursive: true });
  });

  test.each<[string, Tensors, RegExp]>([
    ['feeds that are none', null as unknown as Tensors, /feeds must be an object/],
    ['a missing input', {}, /input 'x' is missing/],
    ['an unknown input', { ...rows(1, 1), z: rows(1, 1)['x'] as never }, /no input 'z'/],
    ['what is no tensor', wrong([1, 2]), /'x' must be a tensor/],
    ['nothing', wrong(null), /'x' must be a tensor/],
    [
      'a wrong type',
      wrong({ type: 'int32', dims: [1, 2], data: Int32Array.of(1, 2) }),
      /must be float32\[N, 2\], not int32\[1, 2\]/,
    ],
    [
      'a wrong shape',
      wrong({ type: 'float32', dims: [1, 3], data: new Float32Array(3) }),
      /must be float32\[N, 2\], not float32\[1, 3\]/,
    ],
    [
      'a shape of no whole numbers',
      wrong({ type: 'float32', dims: [0.5, 2], data: new Float32Array(1) }),
      /must be float32\[N, 2\], not float32\[0.5, 2\]/,
    ],
    [
      'a wrong size',
      wrong({ type: 'float32', dims: [2, 2], data: new Float32Array(3) }),
      /has 3 elements, not 4/,
    ],
    [
      'an array of another class',
      wrong({ type: 'float32', dims: [1, 2], data: new Float64Array(2) }),
      /whose data must be Float32Array, not Float64Array/,
    ],
    [
      'a plain array',
      wrong({ type: 'float32', dims: [1, 2], data: [1, 2] }),
      /whose data must be Float32Array, not Array/,
    ],
  ])('names %s before it is queued, and stays usable', async (_name, feeds, message) => {
    const { started } = engine.stats().requests;
    await expect(engine.infer(feeds)).rejects.toThrow(UserError);
    await expect(engine.infer(feeds)).rejects.toThrow(message);
    expect(engine.stats().requests).toMatchObject({ started, queued: 0 });
    expect(numbersOf(await engine.infer(rows(1, 2)))).toEqual([1, 2, 3]);
  });
});
