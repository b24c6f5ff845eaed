import { describe, expect, test } from 'vitest';
import { ModelBuilder, type NodeOptions } from '../../../../engine/graph/builder.ts';
import type { AttributeValue } from '../../../../engine/graph/create-attribute.ts';
import type { TensorContent } from '../../../../engine/graph/create-tensor.ts';
import { importModel } from '../../../../engine/graph/ir/import-model.ts';
import type { OnnxModel } from '../../../../engine/graph/model.ts';
import { fusePad } from '../../../../engine/graph/passes/fuse-pad.ts';
import { runPass } from '../../../../engine/graph/passes/pass.ts';
import { checkPass, normal, weights, type CheckedPass } from './check-pass.ts';

type Attributes = Readonly<Record<string, AttributeValue>>;

interface Case {
  readonly opset?: number;
  /** Begins, then ends. */
  readonly pads: readonly number[];
  readonly axes?: readonly number[];
  readonly value?: number;
  readonly mode?: string;
  readonly target?: 'Conv' | 'AveragePool' | 'MaxPool';
  readonly attributes?: Attributes;
  /** What is between the input and Pad. */
  readonly before?: string;
  readonly dims?: readonly number[];
  /** Adds what makes the case special, given the name of the padded tensor. */
  readonly extend?: (builder: ModelBuilder, padded: string) => void;
  /** Also outputs of the node behind. */
  readonly outputs?: readonly string[];
}

const ints = (...values: readonly number[]): TensorContent => ({
  type: 'int64',
  dims: [values.length],
  data: BigInt64Array.from(values, BigInt),
});

const kernel = { kernel_shape: { ints: [3, 3] } } as const;

/** x -> [before] -> Pad -> target -> y, with 4 channels. */
function build(given: Case): OnnxModel {
  const { opset = 17, dims = DIMS, target = 'Conv' } = given;
  const builder = new ModelBuilder({ name: 'g', opset });
  const input = builder.input('x', 'float32', ['N', ...dims.slice(1)]);
  const data = given.before === undefined ? input : builder.node(given.before, [input]);
  const padded = addPad(builder, data, { ...given, opset });
  const operands =
    target === 'Conv'
      ? [padded, builder.initializer('w', weights([4, 4, ...dims.slice(2).map(() => 3)]))]
      : [padded];
  builder.node(target, operands, {
    attributes: target === 'Conv' ? (given.attributes ?? {}) : { ...kernel, ...given.attributes },
    outputs: ['y', ...(given.outputs ?? [])],
  });
  given.extend?.(builder, padded);
  builder.output('y', 'float32', null);
  for (const name of given.outputs ?? []) builder.output(name, 'int64', null);
  return builder.build();
}

const DIMS = [2, 4, 7, 6];

const check = (given: Case): Promise<CheckedPass> =>
  checkPass(fusePad, build(given), { x: normal(given.dims ?? DIMS) });

function addPad(builder: ModelBuilder, data: string, given: Case & { opset: number }): string {
  const mode: Attributes = given.mode === undefined ? {} : { mode: { string: given.mode } };
  const padding: Attributes = given.value === undefined ? {} : { value: { float: given.value } };
  if (given.opset < 11) {
    const attributes = { pads: { ints: given.pads }, ...mode, ...padding };
    return builder.node('Pad', [data], { attributes });
  }
  const inputs = [data, builder.initializer('pads', ints(...given.pads)), '', ''];
  if (given.value !== undefined) {
    const value = Float32Array.of(given.value);
    inputs[2] = builder.initializer('value', { type: 'float32', dims: [], data: value });
  }
  if (given.axes !== undefined) inputs[3] = builder.initializer('axes', ints(...given.axes));
  const count = given.axes !== undefined ? 4 : given.value !== undefined ? 3 : 2;
  return builder.node('Pad', inputs.slice(0, count), { attributes: mode });
}

function reasonOf({ skipped }: CheckedPass): string {
  return skipped[0]?.reason ?? '';
}

describe('is moved into', () => {
  test.each<[string, Case]>([
    ['a Conv, begin and end apart', { pads: [0, 0, 0, 1, 0, 0, 2, 3], value: 0 }],
    [
      'a Conv that pads, strides and dilates itself',
      {
        pads: [0, 0, 1, 0, 0, 0, 0, 2],
        attributes: {
          pads: { ints: [1, 2, 0, 1] },
          strides: { ints: [2, 1] },
          dilations: { ints: [1, 2] },
        },
      },
    ],
    ['a Conv, by more than its kernel', { pads: [0, 0, 5, 0, 0, 0, 0, 4] }],
    ['a Conv in one dimension', { pads: [0, 0, 2, 0, 0, 0], dims: [2, 4, 9] }],
    [
      'a Conv without padding by its rule',
      { pads: [0, 0, 1, 1, 0, 0, 1, 1], attributes: { auto_pad: { string: 'VALID' } } },
    ],
    ['a Conv, as an attribute until opset 10', { opset: 9, pads: [0, 0, 1, 0, 0, 0, 0, 1] }],
    [
      'a Conv, with axes since opset 18',
      { opset: 18, pads: [1, 2, 3, 0], axes: [-1, 2], attributes: kernel, value: 0 },
    ],
    ['an AveragePool', { target: 'AveragePool', pads: [0, 0, 1, 2, 0, 0, 0, 1] }],
    [
      'an AveragePool that counts its own padding',
      {
        target: 'AveragePool',
        pads: [0, 0, 1, 0, 0, 0, 0, 1],
        attributes: {
          pads: { ints: [1, 1, 1, 1] },
          count_include_pad: { int: 1 },
          strides: { ints: [2, 2] },
        },
      },
    ],
    [
      'a MaxPool, where the padding is the lowest',
      { target: 'MaxPool', pads: [0, 0, 1, 2, 0, 0, 2, 0], value: -Infinity },
    ],
    [
      'a MaxPool, where nothing is below the 0',
      { target: 'MaxPool', pads: [0, 0, 1, 1, 0, 0, 0, 1], before: 'Relu' },
    ],
  ])('%s', async (_, given) => {
    const { operators, rewrites, model } = await check(given);
    expect(rewrites).toBe(1);
    expect(operators).not.toContain('Pad');
    expect([...model.graph.initializers].map(({ name }) => name)).toEqual(
      (given.target ?? 'Conv') === 'Conv' ? ['w'] : [],
    );
  });
});

describe('is left alone', () => {
  const pads = [0, 0, 1, 1, 0, 0, 1, 1];
  const second = (options: NodeOptions) => (builder: ModelBuilder, padded: string) => {
    builder.node('Relu', [padded], options);
    builder.output('z', 'float32', null);
  };
  test.each<[string, Case, RegExp]>([
    ['when it reflects', { pads, mode: 'reflect' }, /no constant/],
    ['when it pads with a number', { pads, value: 1 }, /not 0/],
    ['when it pads channels', { pads: [0, 1, 1, 1, 0, 0, 1, 1], dims: [2, 3, 7, 6] }, /channels/],
    ['when it crops', { pads: [0, 0, -1, 1, 0, 0, 1, 1] }, /crops/],
    [
      'when the padded tensor is used twice',
      { pads, extend: second({ outputs: ['z'] }) },
      /elsewhere/,
    ],
    [
      'when Conv computes its own padding',
      { pads, attributes: { auto_pad: { string: 'SAME_UPPER' } } },
      /size/,
    ],
    [
      'before an average over its own padding alone',
      { target: 'AveragePool', pads, attributes: { pads: { ints: [1, 1, 1, 1] } } },
      /count/,
    ],
    [
      'before an average that rounds up',
      {
        target: 'AveragePool',
        pads,
        attributes: { ceil_mode: { int: 1 }, strides: { ints: [2, 2] } },
      },
      /rounds/,
    ],
    [
      'before a maximum of what may be negative',
      { target: 'MaxPool', pads, before: 'Neg' },
      /negative/,
    ],
    [
      'before a maximum whose places are wanted',
      { target: 'MaxPool', pads, before: 'Relu', outputs: ['places'] },
      /indices/,
    ],
    [
      'before a maximum that is dilated',
      { target: 'MaxPool', pads, before: 'Relu', attributes: { dilations: { ints: [2, 2] } } },
      /dilated/,
    ],
  ])('%s', async (_, { extend, ...given }, reason) => {
    const result = await check(extend === undefined ? given : { ...given, extend });
    expect(result.operators).toContain('Pad');
    expect(result.rewrites).toBe(0);
    expect(reasonOf(result)).toMatch(reason);
  });

  test('before a pool with less kernel than padding, which the runtime refuses', async () => {
    const model = importModel(build({ target: 'AveragePool', pads: [0, 0, 3, 0, 0, 0, 0, 0] }));
    const { rewrites, skipped } = await runPass(fusePad, model, {
      provider: 'cpu',
      evaluate: null,
    });
    expect(rewrites).toBe(0);
    expect(skipped[0]?.reason).toMatch(/kernel/);
  });

  test('when the padded tensor is an output', async () => {
    const extend = (builder: ModelBuilder, padded: string): void =>
      builder.output(padded, 'float32', null);
    const result = await check({ pads, extend });
    expect(result.rewrites).toBe(0);
    expect(reasonOf(result)).toMatch(/elsewhere/);
  });

  test('when the pads are an input, with a default or without', async () => {
    for (const hasDefault of [true, false]) {
      const builder = new ModelBuilder({ name: 'g', opset: 17 });
      const x = builder.input('x', 'float32', ['N', 4, 7, 6]);
      const given = builder.input('pads', 'int64', [8]);
      if (hasDefault) builder.initializer('pads', ints(...pads));
      const w = builder.initializer('w', weights([4, 4, 3, 3]));
      builder.node('Conv', [builder.node('Pad', [x, given]), w], { outputs: ['y'] });
      builder.output('y', 'float32', null);
      const feeds = { type: 'int64', dims: [8], data: BigInt64Array.from(pads, BigInt) } as const;
      const result = await checkPass(fusePad, builder.build(), {
        x: normal([2, 4, 7, 6]),
        ...(hasDefault ? {} : { pads: feeds }),
      });
      expect(result.rewrites).toBe(0);
      expect(reasonOf(result)).toMatch(/rank is not known/);
    }
  });

  test('before a quantized convolution, whose zero is another number', async () => {
    const builder = new ModelBuilder({ name: 'g', opset: 17 });
    const x = builder.input('x', 'uint8', ['N', 4, 7, 6]);
    const zero = builder.initializer('zero', { type: 'uint8', dims: [], data: Uint8Array.of(3) });
    const data = Uint8Array.from({ length: 4 * 4 * 9 }, (_, index) => index);
    const w = builder.initializer('w', { type: 'uint8', dims: [4, 4, 3, 3], data });
    const padded = builder.node('Pad', [x, builder.initializer('pads', ints(...pads))]);
    builder.node('ConvInteger', [padded, w, zero], { outputs: ['y'] });
    builder.output('y', 'int32', null);
    const feed = {
      type: 'uint8',
      dims: [1, 4, 7, 6],
      data: new Uint8Array(4 * 7 * 6).fill(9),
    } as const;
    const { rewrites } = await checkPass(fusePad, builder.build(), { x: feed });
    expect(rewrites).toBe(0);
  });
});
