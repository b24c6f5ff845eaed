import { describe, expect, it } from 'vitest';
import { elementCount, type NumericArray } from '../../../engine/runtime/tensor.ts';
import type { ResolvedInput } from '../../../suites/data/model-inputs.ts';
import { matchNpz, shapesOf } from '../../../suites/data/npz-data.ts';
import type { NpyArray } from '../../../suites/data/npz.ts';

const IMAGE: ResolvedInput = { name: 'image', type: 'float32', dims: [2, 2], batched: true };
const IDS: ResolvedInput = { name: 'ids', type: 'int64', dims: [3], batched: true };
const SCALE: ResolvedInput = { name: 'scale', type: 'float32', dims: [1], batched: false };

function floats(dims: readonly number[]): NpyArray {
  const data = Float32Array.from({ length: elementCount(dims) }, (_, index) => index);
  return { type: 'float32', dims, data };
}

function int64s(dims: readonly number[]): NpyArray {
  return { type: 'int64', dims, data: new BigInt64Array(elementCount(dims)) };
}

function match(
  arrays: Readonly<Record<string, NpyArray>>,
  inputs: readonly ResolvedInput[],
): ReturnType<typeof matchNpz> {
  return matchNpz(new Map(Object.entries(arrays)), inputs, 'data.npz');
}

/** Samples of `image`, labelled by the array. */
function matchLabels(labels: NpyArray, samples: number): Int32Array | null {
  return match({ image: floats([samples, 2, 2]), __labels: labels }, [IMAGE]).labels;
}

function labelsOf(type: NpyArray['type'], data: NumericArray): NpyArray {
  return { type, dims: [data.length], data };
}

describe('shapesOf', () => {
  it('gives the shape of each array', () => {
    const arrays = new Map([
      ['a', floats([2, 3])],
      ['b', floats([])],
    ]);
    expect(shapesOf(arrays)).toEqual(
      new Map([
        ['a', [2, 3]],
        ['b', []],
      ]),
    );
  });
});

describe('matchNpz', () => {
  it('gives the arrays in the order of the inputs, with the number of samples', () => {
    const image = floats([5, 2, 2]);
    const ids = int64s([5, 3]);
    const scale = floats([1]);
    expect(match({ scale, ids, image }, [IMAGE, IDS, SCALE])).toEqual({
      count: 5,
      inputs: [
        { ...IMAGE, data: image.data },
        { ...IDS, data: ids.data },
        { ...SCALE, data: scale.data },
      ],
      labels: null,
    });
  });

  it('is one sample when no input has a batch axis', () => {
    expect(match({ scale: floats([1]) }, [SCALE]).count).toBe(1);
  });

  it('counts samples that have no elements', () => {
    const empty: ResolvedInput = { ...IMAGE, dims: [0, 4] };
    expect(match({ image: floats([7, 0, 4]) }, [empty]).count).toBe(7);
  });

  it('leaves names that start with two underscores alone', () => {
    expect(match({ image: floats([1, 2, 2]), __source: floats([9]) }, [IMAGE]).count).toBe(1);
  });

  it('takes such a name as an input when the model has one', () => {
    const input: ResolvedInput = { ...IMAGE, name: '__x' };
    expect(match({ __x: floats([3, 2, 2]) }, [input]).count).toBe(3);
  });

  it('says that an array is missing, and what it must be', () => {
    expect(() => match({ image: floats([5, 2, 2]) }, [IMAGE, IDS])).toThrow(
      expect.objectContaining({
        name: 'UserError',
        message: "data.npz has no array for the input 'ids'",
        remedy: 'add one: int64[samples, 3]',
      }),
    );
    expect(() => match({}, [SCALE])).toThrow(
      expect.objectContaining({ remedy: 'add one: float32[1]' }),
    );
  });

  it('says that an array is none of the inputs, and which there are', () => {
    const arrays = { image: floats([5, 2, 2]), imgae: floats([5, 2, 2]) };
    expect(() => match(arrays, [IMAGE, IDS])).toThrow(
      expect.objectContaining({
        message: "array 'imgae' in data.npz is no input of the model",
        remedy: "its inputs are 'image', 'ids'",
      }),
    );
  });

  it.each<[string, NpyArray, string]>([
    ['another type', { ...floats([5, 2, 2]), type: 'float64' }, 'float64[5, 2, 2]'],
    ['another size', floats([5, 2, 3]), 'float32[5, 2, 3]'],
    ['fewer dimensions', floats([5, 4]), 'float32[5, 4]'],
    ['more dimensions', floats([5, 1, 2, 2]), 'float32[5, 1, 2, 2]'],
    ['no batch axis', floats([2, 2]), 'float32[2, 2]'],
    ['no dimension', floats([]), 'float32[]'],
  ])('says what an array with %s is, and what the model wants', (_what, array, given) => {
    expect(() => match({ image: array }, [IMAGE])).toThrow(
      expect.objectContaining({
        message: `array 'image' in data.npz is ${given}, the model wants float32[samples, 2, 2]`,
        remedy: 'convert it with NumPy (astype, reshape) and save it again',
      }),
    );
  });

  it('wants an input without a batch axis as a whole', () => {
    expect(() => match({ scale: floats([4, 1]) }, [SCALE])).toThrow(
      "array 'scale' in data.npz is float32[4, 1], the model wants float32[1]",
    );
  });

  it('says which inputs differ in their number of samples', () => {
    const arrays = { image: floats([5, 2, 2]), scale: floats([1]), ids: int64s([4, 3]) };
    expect(() => match(arrays, [SCALE, IMAGE, IDS])).toThrow(
      expect.objectContaining({
        message: "data.npz has 5 samples of 'image' but 4 of 'ids'",
        remedy: 'save the same number of samples of every input',
      }),
    );
  });

  it('says that there are no samples', () => {
    expect(() => match({ image: floats([0, 2, 2]) }, [IMAGE])).toThrow(
      expect.objectContaining({
        message: "data.npz has no samples: 'image' has no rows",
        remedy: 'save at least one sample of every input',
      }),
    );
  });
});

describe('labels', () => {
  it.each([
    labelsOf('int64', BigInt64Array.of(2n, 0n, 2147483647n)),
    labelsOf('int32', Int32Array.of(2, 0, 2147483647)),
    labelsOf('uint32', Uint32Array.of(2, 0, 2147483647)),
  ])('are class indices of any integer type: $type', (labels) => {
    expect(matchLabels(labels, 3)).toEqual(Int32Array.of(2, 0, 2147483647));
  });

  it('may be true and false', () => {
    expect(matchLabels(labelsOf('bool', Uint8Array.of(1, 0)), 2)).toEqual(Int32Array.of(1, 0));
  });

  it.each<[string, NpyArray, string]>([
    ['too few', labelsOf('int32', Int32Array.of(1, 2)), '[2]'],
    ['one-hot', { type: 'int32', dims: [3, 4], data: new Int32Array(12) }, '[3, 4]'],
    ['a column', { type: 'int32', dims: [3, 1], data: new Int32Array(3) }, '[3, 1]'],
    ['a scalar', { type: 'int32', dims: [], data: new Int32Array(1) }, '[]'],
  ])('must be one for each sample: %s', (_what, labels, shape) => {
    expect(() => matchLabels(labels, 3)).toThrow(
      expect.objectContaining({
        message: `'__labels' in data.npz has the shape ${shape}, it must be [3]: one class index per sample`,
        remedy: "save one class index per sample, or leave '__labels' out",
      }),
    );
  });

  it.each<[string, NpyArray, string]>([
    ['negative', labelsOf('int64', BigInt64Array.of(0n, -1n)), '-1'],
    ['fractions', labelsOf('float32', Float32Array.of(0, 1.5)), '1.5'],
    ['whole floats', labelsOf('float64', Float64Array.of(0, 1)), 'float64'],
    ['half floats', labelsOf('float16', Uint16Array.of(0, 0x3c00)), 'float16'],
    ['not numbers', labelsOf('float64', Float64Array.of(0, Number.NaN)), 'NaN'],
    ['beyond int32', labelsOf('uint32', Uint32Array.of(0, 2 ** 31)), '2147483648'],
  ])('must be integers from 0: %s', (_what, labels, given) => {
    expect(() => matchLabels(labels, 2)).toThrow(
      expect.objectContaining({
        message: `'__labels' in data.npz must hold class indices, integers from 0, not ${given}`,
        remedy: 'number the classes from 0, and save labels.astype(np.int32)',
      }),
    );
  });
});
