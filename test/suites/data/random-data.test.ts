import { describe, expect, it } from 'vitest';
import type { InputHint } from '../../../engine/graph/input-hints.ts';
import type { NumericType } from '../../../engine/runtime/tensor.ts';
import type { ResolvedInput } from '../../../suites/data/model-inputs.ts';
import { createRandomData } from '../../../suites/data/random-data.ts';

function input(type: NumericType, changes: Partial<ResolvedInput> = {}): ResolvedInput {
  return { name: 'x', type, dims: [100], batched: true, ...changes };
}

function hint(changes: Partial<InputHint>): InputHint {
  return { name: 'x', role: 'unknown', upperBound: null, ...changes };
}

/** The values of the first input, and what is said of it. */
function valuesOf(
  one: ResolvedInput,
  hints: readonly InputHint[] = [],
): { values: number[]; description: string } {
  const { inputs, description } = createRandomData([one], hints, 7);
  return { values: Array.from(inputs[0]?.data ?? [], Number), description };
}

describe('random floats', () => {
  it.each(['float32', 'float64', 'float16'] as const)('are standard normal: %s', (type) => {
    const { inputs, description } = createRandomData([input(type)], [], 7);
    const data = inputs[0]?.data ?? [];
    const values =
      type === 'float16'
        ? [...new Float16Array(Uint16Array.from(data as Uint16Array).buffer)]
        : Array.from(data, Number);
    expect(values).toHaveLength(6400);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + value ** 2, 0) / values.length;
    // Standard errors 1/80 and sqrt(2)/80; four of each.
    expect(Math.abs(mean)).toBeLessThan(0.05);
    expect(Math.abs(variance - 1)).toBeLessThan(0.071);
    expect(description).toBe('x standard normal');
  });

  it('pay no attention to hints', () => {
    const { values } = valuesOf(input('float32'), [hint({ role: 'mask', upperBound: 2 })]);
    expect(values.some((value) => value < 0)).toBe(true);
  });
});

describe('random integers', () => {
  it.each<[string, NumericType, InputHint[], number, string]>([
    ['zeros and ones where nothing is known', 'int64', [], 2, '0 to 1'],
    [
      'below the bound of a table',
      'int64',
      [hint({ role: 'indices', upperBound: 10 })],
      10,
      '0 to 9',
    ],
    ['below the bound, unsigned', 'uint64', [hint({ upperBound: 5 })], 5, '0 to 4'],
    ['below the bound, 32 bits', 'int32', [hint({ upperBound: 5 })], 5, '0 to 4'],
    ['of a table with one row', 'int32', [hint({ upperBound: 1 })], 1, '0 to 0'],
    ['of a table without rows', 'int32', [hint({ upperBound: 0 })], 1, '0 to 0'],
    ['any byte', 'uint8', [], 256, '0 to 255'],
    ['any signed byte from 0', 'int8', [], 128, '0 to 127'],
    ['below the bound, one byte', 'uint8', [hint({ upperBound: 9 })], 9, '0 to 8'],
    ['of another input alone', 'int32', [hint({ name: 'y', upperBound: 9 })], 2, '0 to 1'],
    ['of a computed table', 'int64', [hint({ role: 'indices' })], 2, '0 to 1'],
  ])('are %s', (_what, type, hints, bound, text) => {
    const { values, description } = valuesOf(input(type), hints);
    const all = Array.from({ length: bound }, (_, index) => index);
    // 6,400 draws miss one of 256 values with a chance of 4e-9.
    expect([...new Set(values)].sort((a, b) => a - b)).toEqual(all);
    expect(description).toBe(`x integers from ${text}`);
  });

  it.each<[NumericType, number]>([
    ['int8', 127],
    ['uint8', 255],
    ['int16', 32767],
    ['uint16', 65535],
    ['int32', 2 ** 31 - 1],
    ['int64', 2 ** 31 - 1],
  ])('do not wrap round in %s, whatever the bound', (type, largest) => {
    const { values, description } = valuesOf(input(type), [hint({ upperBound: 2 ** 40 })]);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThanOrEqual(largest);
    expect(Math.max(...values)).toBeGreaterThan(largest * 0.99);
    expect(description).toBe(`x integers from 0 to ${largest}`);
  });
});

describe('random masks', () => {
  it.each<[string, ResolvedInput, InputHint[]]>([
    ['an attention mask', input('int64'), [hint({ role: 'mask', upperBound: 2 })]],
    ['a byte mask', input('uint8'), [hint({ role: 'mask' })]],
    ['bool', input('bool'), []],
  ])('are all ones: %s', (_what, one, hints) => {
    const { values, description } = valuesOf(one, hints);
    expect(new Set(values)).toEqual(new Set([1]));
    expect(description).toBe('x all ones');
  });
});

describe('createRandomData', () => {
  const ids = input('int64', { name: 'ids', dims: [3] });
  const image = input('float32', { name: 'image', dims: [2, 2] });
  const scale = input('float32', { name: 'scale', dims: [2], batched: false });

  it('fills 64 samples of batched inputs, and the others once', () => {
    const data = createRandomData([ids, image, scale], [], 1);
    expect(data.count).toBe(64);
    expect(data.inputs.map(({ name, data: { length } }) => [name, length])).toEqual([
      ['ids', 64 * 3],
      ['image', 64 * 4],
      ['scale', 2],
    ]);
    expect(data.description).toBe(
      'ids integers from 0 to 1; image standard normal; scale standard normal',
    );
  });

  it('depends on the seed, and on nothing else', () => {
    const first = createRandomData([image], [], 1);
    expect(createRandomData([image], [], 1)).toEqual(first);
    expect(createRandomData([image], [], 2).inputs).not.toEqual(first.inputs);
  });

  it('fills an input the same whatever others there are, and differently from them', () => {
    const alone = createRandomData([image], [], 1).inputs[0];
    const twin = { ...image, name: 'twin' };
    const [first, second] = createRandomData([twin, image], [], 1).inputs;
    expect(second).toEqual(alone);
    expect(first?.data).not.toEqual(second?.data);
  });

  it('stays within 64 MiB', () => {
    // 9 MiB each: seven fit.
    const large = input('float64', { dims: [9, 2 ** 17] });
    const mask = input('bool', { name: 'mask', dims: [4] });
    expect(createRandomData([mask, large], [], 1).count).toBe(7);
  });

  it('has one sample at least', () => {
    const large = input('float64', { dims: [65, 2 ** 17] });
    expect(createRandomData([large], [], 1).count).toBe(1);
  });

  it('has one sample when no input has a batch axis', () => {
    expect(createRandomData([scale], [], 1).count).toBe(1);
  });

  it('has samples without elements', () => {
    const data = createRandomData([input('float32', { dims: [0, 4] })], [], 1);
    expect(data.count).toBe(64);
    expect(data.inputs[0]?.data).toHaveLength(0);
  });

  it('names the input that is too large, before it allocates', () => {
    const huge = input('float32', { name: 'past', dims: [2 ** 20, 2 ** 16], batched: false });
    expect(() => createRandomData([ids, huge], [], 1)).toThrow(
      expect.objectContaining({
        name: 'UserError',
        message:
          "one sample of input 'past' [1048576, 65536] is 256 GiB; all inputs together may have 2 GiB",
        remedy: 'give smaller sizes with --dim',
      }),
    );
  });
});
