import { describe, expect, it } from 'vitest';
import { UsageError, UserError } from '../../../engine/base/errors.ts';
import type { Dim, ModelDescription } from '../../../engine/graph/describe.ts';
import { resolveInputs, type ResolvedInputs } from '../../../suites/data/model-inputs.ts';

type Shape = readonly Dim[] | null;

/** A model with float32 inputs of these shapes, or of `[type, shape]`. */
function modelWith(
  inputs: Readonly<Record<string, Shape | { readonly type: string | null; readonly dims: Shape }>>,
): ModelDescription {
  return {
    name: 'model',
    irVersion: 8,
    opsets: { 'ai.onnx': 17 },
    producer: { name: '', version: '' },
    inputs: Object.entries(inputs).map(([name, input]) =>
      input === null || !('dims' in input)
        ? { name, elementType: 'float32', dims: input }
        : { name, elementType: input.type, dims: input.dims },
    ),
    outputs: [],
    nodeCount: 0,
    operators: {},
  };
}

function resolve(
  inputs: Parameters<typeof modelWith>[0],
  given: {
    readonly dims?: Readonly<Record<string, number>>;
    readonly data?: Readonly<Record<string, readonly number[]>>;
  } = {},
): ResolvedInputs {
  return resolveInputs(modelWith(inputs), {
    dims: given.dims ?? {},
    data: given.data === undefined ? null : new Map(Object.entries(given.data)),
  });
}

/** `name[dims]`, with a `*` for the batch axis. */
function shapes(resolved: ResolvedInputs): string[] {
  return resolved.inputs.map(
    ({ name, dims, batched }) => `${name}[${[...(batched ? ['*'] : []), ...dims].join(', ')}]`,
  );
}

describe('the batch axis', () => {
  it('is a symbolic leading dimension', () => {
    expect(resolve({ image: ['N', 3, 8, 8] })).toEqual({
      inputs: [{ name: 'image', type: 'float32', dims: [3, 8, 8], batched: true }],
      batch: 'free',
      dims: {},
    });
  });

  it('is the symbol that most leading dimensions share', () => {
    const resolved = resolve(
      { boxes: ['M', 4], ids: ['N', 5], mask: ['N', 5], scale: [2] },
      { dims: { M: 7 } },
    );
    expect(shapes(resolved)).toEqual(['boxes[7, 4]', 'ids[*, 5]', 'mask[*, 5]', 'scale[2]']);
    expect(resolved.batch).toBe('free');
    expect(resolved.dims).toEqual({ M: 7 });
  });

  it('is the first of two that are as frequent', () => {
    const resolved = resolve({ a: ['N', 1], b: ['M', 1] }, { dims: { M: 2 } });
    expect(shapes(resolved)).toEqual(['a[*, 1]', 'b[2, 1]']);
  });

  it.each([
    [{ x: [null, 3] }, ['x[*, 3]']],
    [{ x: [null, 3], y: [null, 4] }, ['x[*, 3]', 'y[*, 4]']],
    // Whichever comes first, a name wins over an equal number of dimensions without.
    [{ x: [null, 3], y: ['N', 4] }, ['x[*, 3]', 'y[*, 4]']],
    [{ y: ['N', 4], x: [null, 3] }, ['y[*, 4]', 'x[*, 3]']],
  ])('may have no name: %o', (inputs, expected) => {
    const resolved = resolve(inputs);
    expect(shapes(resolved)).toEqual(expected);
    expect(resolved.batch).toBe('free');
  });

  it('is what most inputs leave without a name, rather than the name of one', () => {
    const resolved = resolve({ x: [null, 3], y: [null, 4], roi: ['R', 5] }, { dims: { R: 6 } });
    expect(shapes(resolved)).toEqual(['x[*, 3]', 'y[*, 4]', 'roi[6, 5]']);
  });

  it('leads inputs of rank 1, and none of rank 0', () => {
    const resolved = resolve({ ids: ['N', 2], lengths: ['N'], temperature: [] });
    expect(shapes(resolved)).toEqual(['ids[*, 2]', 'lengths[*]', 'temperature[]']);
  });

  it('is the leading dimension when all are fixed, but not of a vector', () => {
    const resolved = resolve({ image: [4, 3, 8, 8], anchors: [9] });
    expect(shapes(resolved)).toEqual(['image[*, 3, 8, 8]', 'anchors[9]']);
    expect(resolved.batch).toBe(4);
  });

  it('does not exist when no input has two dimensions and all are fixed', () => {
    const resolved = resolve({ signal: [16000], gain: [] });
    expect(shapes(resolved)).toEqual(['signal[16000]', 'gain[]']);
    expect(resolved.batch).toBe(1);
  });

  it('cannot be told when fixed leading dimensions differ: names both inputs', () => {
    expect(() => resolve({ a: [1, 3], b: [1, 2], c: [77, 512] })).toThrow(
      expect.objectContaining({
        name: 'UserError',
        message:
          "the inputs' leading dimensions are fixed to different sizes: 'a' [1, 3] and 'c' [77, 512]",
        remedy: 'export the model with a symbolic batch dimension',
      }),
    );
  });

  it('cannot be fixed to nothing', () => {
    expect(() => resolve({ a: [0, 3] })).toThrow(
      expect.objectContaining({
        message: "input 'a' [0, 3] has room for no sample",
        remedy: 'export the model with a symbolic batch dimension',
      }),
    );
  });
});

describe('--dim', () => {
  it('fixes the batch', () => {
    const resolved = resolve({ x: ['N', 3] }, { dims: { N: 8 } });
    expect(resolved).toMatchObject({ batch: 8, dims: { N: 8 } });
    expect(shapes(resolved)).toEqual(['x[*, 3]']);
  });

  it.each(['x:0', 'y:0'])('fixes a batch without a name as %s', (name) => {
    const resolved = resolve({ x: [null, 3], y: [null, 3] }, { dims: { [name]: 8 } });
    expect(resolved).toMatchObject({ batch: 8, dims: { [name]: 8 } });
  });

  it('cannot fix the batch to two sizes', () => {
    const inputs = { x: [null, 3], y: [null, 3] };
    expect(() => resolve(inputs, { dims: { 'x:0': 8, 'y:0': 4 } })).toThrow(
      expect.objectContaining({
        name: 'UsageError',
        message: '--dim x:0=8 and --dim y:0=4: both are the batch',
        remedy: 'give one size for the batch',
      }),
    );
    expect(resolve(inputs, { dims: { 'x:0': 8, 'y:0': 8 } }).batch).toBe(8);
  });

  it('gives the size of every dimension of that name', () => {
    const resolved = resolve(
      { ids: ['N', 'seq'], past: ['N', 2, 'seq', 4] },
      { dims: { seq: 16 } },
    );
    expect(shapes(resolved)).toEqual(['ids[*, 16]', 'past[*, 2, 16, 4]']);
    expect(resolved.dims).toEqual({ seq: 16 });
  });

  it('gives the size of a dimension without a name by input and axis', () => {
    const resolved = resolve(
      { image: ['N', 3, null, null] },
      { dims: { 'image:2': 4, 'image:3': 5 } },
    );
    expect(shapes(resolved)).toEqual(['image[*, 3, 4, 5]']);
  });

  it('wins over the data', () => {
    const resolved = resolve({ ids: ['N', 'seq'] }, { dims: { seq: 16 }, data: { ids: [5, 12] } });
    expect(shapes(resolved)).toEqual(['ids[*, 16]']);
  });

  it('must name a symbolic dimension of the model', () => {
    expect(() => resolve({ ids: ['N', 'seq', 4] }, { dims: { sequence: 16 } })).toThrow(
      expect.objectContaining({
        name: 'UsageError',
        message: "--dim sequence: the model has no symbolic dimension 'sequence'",
        remedy: 'it has N, seq',
      }),
    );
    expect(() => resolve({ x: [1, 4] }, { dims: { N: 2 } })).toThrow(
      expect.objectContaining({ remedy: 'all its dimensions are fixed' }),
    );
  });

  it.each(['seq', 'constructor', 'toString'])('is asked for where %s is left open', (name) => {
    const error = failureOf(() => resolve({ ids: ['N', name] }));
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toMatchObject({
      message: `input 'ids' [N, ${name}] leaves '${name}' open`,
      remedy: `give its size, such as --dim ${name}=128`,
    });
  });

  it('is asked for by input and axis where the name is missing', () => {
    expect(failureOf(() => resolve({ image: ['N', 3, null] }))).toMatchObject({
      message: "input 'image' [N, 3, image:2] leaves 'image:2' open",
      remedy: 'give its size, such as --dim image:2=128',
    });
  });

  function failureOf(run: () => unknown): unknown {
    try {
      return run();
    } catch (thrown) {
      return thrown;
    }
  }
});

describe('the shape of the data', () => {
  it('settles what is open, behind the samples', () => {
    const resolved = resolve(
      { ids: ['N', 'seq'], scale: ['k', 2] },
      { data: { ids: [5, 12], scale: [3, 2] } },
    );
    expect(shapes(resolved)).toEqual(['ids[*, 12]', 'scale[3, 2]']);
    expect(resolved).toMatchObject({ batch: 'free', dims: { seq: 12, k: 3 } });
  });

  it('settles a dimension for later inputs as well', () => {
    const resolved = resolve({ ids: ['N', 'seq'], mask: ['N', 'seq'] }, { data: { ids: [5, 12] } });
    expect(shapes(resolved)).toEqual(['ids[*, 12]', 'mask[*, 12]']);
  });

  it('settles nothing when it has too few dimensions', () => {
    expect(() => resolve({ ids: ['N', 'seq'] }, { data: { ids: [5] } })).toThrow(
      "leaves 'seq' open",
    );
  });
});

describe('inputs that cannot be driven', () => {
  it('are none at all', () => {
    expect(() => resolve({})).toThrow(
      expect.objectContaining({
        message: 'the model has no inputs: there is nothing to drive it with',
        remedy: 'give a model that computes its outputs from inputs',
      }),
    );
  });

  it.each([
    [null, 'sequence, map or unknown'],
    ['string', 'string'],
    ['bfloat16', 'bfloat16'],
    ['complex64', 'complex64'],
  ])('have no number type: %s', (type, text) => {
    const run = (): unknown => resolve({ text: { type, dims: ['N'] } });
    expect(run).toThrow(UserError);
    expect(run).toThrow(
      expect.objectContaining({
        message: `input 'text' is of type ${text}: only number and bool tensors can be driven`,
        remedy: 'export the part of the model behind that input',
      }),
    );
  });

  it('have no shape', () => {
    expect(() => resolve({ x: null })).toThrow(
      expect.objectContaining({
        message: "input 'x' has no shape in the model",
        remedy: 'export the model with shapes for its inputs',
      }),
    );
  });

  it.each(['float16', 'float64', 'int8', 'uint8', 'int16', 'int32', 'int64', 'uint64', 'bool'])(
    'are not those of type %s',
    (type) => {
      expect(resolve({ x: { type, dims: ['N', 2] } }).inputs[0]?.type).toBe(type);
    },
  );
});
