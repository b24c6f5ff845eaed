import { describe, expect, test } from 'vitest';
import type { ValueDescription } from '../../../engine/graph/describe.ts';
import { openDataset, writeDataset, type DatasetInput } from '../../../suites/data/dataset.ts';
import { checkLabels, checkSamples, hasClasses } from '../../../suites/data/sample-checks.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** Three samples of two numbers each. */
function inputOf(name: string, values: readonly number[]): DatasetInput {
  return { name, type: 'float32', dims: [2], batched: true, data: Float32Array.from(values) };
}

async function check(
  inputs: readonly DatasetInput[],
  calibration: { start: number; end: number } | null = { start: 1, end: 3 },
): Promise<string[]> {
  const folder = `${temporaryFolder()}/dataset`;
  await writeDataset(folder, { count: 3, inputs, labels: null });
  const dataset = await openDataset(folder);
  try {
    return await checkSamples(dataset, { path: 'data.npz', calibration });
  } finally {
    await dataset.close();
  }
}

const VARIED = inputOf('x', [1, 2, 3, 4, 5, 6]);

describe('samples that a variant is made from', () => {
  test('that vary have nothing to be warned of', async () => {
    expect(await check([VARIED])).toEqual([]);
  });

  test.each([
    ['NaN', Number.NaN],
    ['infinity', Infinity],
    ['minus infinity', -Infinity],
  ])('with %s are refused by input and sample', async (found, value) => {
    await expect(check([VARIED, inputOf('y', [1, 2, 3, value, 5, 6])])).rejects.toMatchObject({
      message: `'y' in data.npz has ${found} in sample 1, counted from 0`,
      remedy: 'repair that sample or leave it out; np.isfinite finds all of them',
    });
  });

  test('are refused too where none of them calibrates', async () => {
    await expect(check([inputOf('x', [1, 2, 3, 4, 5, Number.NaN])], null)).rejects.toThrow(
      "'x' in data.npz has NaN in sample 2",
    );
  });

  test('of 16 bits are looked at as the numbers that they stand for', async () => {
    // 0x7e00 is NaN, 0x3c00 is 1 (IEEE 754 binary16).
    const data = Uint16Array.of(0x3c00, 0, 0x3c00, 0, 0x3c00, 0x7e00);
    const half = { name: 'h', type: 'float16', dims: [2], batched: true, data } as const;
    await expect(check([half])).rejects.toThrow("'h' in data.npz has NaN in sample 2");
  });

  test('may be an additive mask: minus infinity and nothing above 0', async () => {
    const mask = inputOf('mask', [0, -Infinity, -1, 0, 0, -Infinity]);
    expect(await check([VARIED, mask])).toEqual([]);
  });

  test('may be integers of 64 bits', async () => {
    const data = BigInt64Array.of(1n, 2n, 3n, 4n, 5n, 6n);
    expect(await check([{ name: 'i', type: 'int64', dims: [2], batched: true, data }])).toEqual([]);
  });

  test('that are one value where they calibrate are refused, whatever the others are', async () => {
    await expect(check([inputOf('x', [1, 2, 3, 3, 3, 3])])).rejects.toMatchObject({
      message:
        "all values of 'x' in data.npz that calibrate are 3: ranges fitted to one value fit no other",
      remedy: 'give samples as the model sees them in use; those at the end calibrate',
    });
    expect(await check([inputOf('x', [1, 2, 3, 3, 3, 3])], null)).toEqual([]);
    expect(await check([inputOf('x', [3, 3, 3, 3, 3, 4])])).toEqual([]);
  });

  test('of which one input is one value are worth a warning', async () => {
    expect(await check([VARIED, inputOf('mask', [1, 1, 1, 1, 1, 1])])).toEqual([
      "all values of 'mask' that calibrate are 1: what else it may be is not in its range",
    ]);
  });

  test('with a parameter beside them are not', async () => {
    const data = Float32Array.of(0.5);
    const parameter = { name: 'p', type: 'float32', dims: [], batched: false, data } as const;
    expect(await check([VARIED, parameter])).toEqual([]);
  });
});

function output(dims: ValueDescription['dims']): ValueDescription {
  return { name: 'y', elementType: 'float32', dims };
}

describe('labels', () => {
  test('beyond the classes are refused by sample', () => {
    expect(() => checkLabels(Int32Array.of(0, 2, 3), output(['N', 3]), 'data.npz')).toThrow(
      expect.objectContaining({
        message:
          "'__labels' in data.npz has class 3 for sample 2, and the model's output 'y' has the classes 0 to 2",
        remedy: 'number the classes as the model does, from 0',
      }),
    );
  });

  test.each([
    ['all are classes', output(['N', 4])],
    ['the number of classes is not known', output(['N', 'classes'])],
    ['the shape is not known', output(null)],
  ])('are taken where %s', (_, value) => {
    expect(() => checkLabels(Int32Array.of(0, 2, 3), value, 'data.npz')).not.toThrow();
  });

  test('of a model that is no classifier are refused', () => {
    expect(() => checkLabels(Int32Array.of(0), output(['N', 8, 8]), 'data.npz')).toThrow(
      "the model's first output 'y' is not [samples, classes]",
    );
  });

  test('need two classes', () => {
    expect(hasClasses(output(['N', 1]))).toBe(false);
    expect(hasClasses(output(['N', 2]))).toBe(true);
  });
});
