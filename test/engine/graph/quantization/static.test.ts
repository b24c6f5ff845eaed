import { describe, expect, test } from 'vitest';
import { ModelBuilder } from '../../../../engine/graph/builder.ts';
import { exportModel } from '../../../../engine/graph/ir/export-model.ts';
import { importModel, type IrModel } from '../../../../engine/graph/ir/import-model.ts';
import type { OnnxModel } from '../../../../engine/graph/model.ts';
import { planStatic, quantizedNodeId } from '../../../../engine/graph/quantization/static-plan.ts';
import {
  calibrationTargets,
  toInt8Static,
  type StaticOptions,
} from '../../../../engine/graph/quantization/static.ts';
import { readScalar } from '../../../../engine/graph/tensor-values.ts';
import { writeModel } from '../../../../engine/graph/write.ts';
import type { Tensors } from '../../../../engine/runtime/tensor.ts';
import { normal, operatorsOf, weights } from '../passes/check-pass.ts';
import { runModel } from '../run-model.ts';
import { cosine, floatsOf } from './check-quantization.ts';

const CONV = { kernel_shape: { ints: [3, 3] }, pads: { ints: [1, 1, 1, 1] } };

function conv(builder: ModelBuilder, x: string, name: string, channels = [8, 8]): string {
  const w = builder.initializer(`${name}_w`, weights([...channels, 3, 3]));
  const b = builder.initializer(`${name}_b`, weights([channels[0] ?? 0]));
  return builder.node('Conv', [x, w, b], { name, attributes: CONV, outputs: [`${name}_y`] });
}

function relu(builder: ModelBuilder, x: string): string {
  return builder.node('Relu', [x], { outputs: [`${x}_relu`] });
}

/** `build` gives the name of the output; input x is [N, 8, 6, 6]. */
function model(build: (builder: ModelBuilder) => string, opset = 17): OnnxModel {
  const builder = new ModelBuilder({ name: 'g', opset });
  builder.input('x', 'float32', ['N', 8, 6, 6]);
  builder.output(build(builder), 'float32', null);
  return builder.build();
}

interface Checked {
  readonly operators: readonly string[];
  readonly before: Tensors;
  readonly after: Tensors;
  readonly ir: IrModel;
  readonly quantized: number;
  readonly skipped: readonly { readonly node: string; readonly reason: string }[];
}

const FEEDS: Tensors = { x: normal([2, 8, 6, 6]) };

/** Ranges from the very run that is compared: then only the rounding is left. */
async function check(
  original: OnnxModel,
  options: Partial<StaticOptions> = {},
  feeds = FEEDS,
): Promise<Checked> {
  const targets = calibrationTargets(importModel(original));
  const there = new Set([...original.graph.outputs, ...original.graph.inputs].map((v) => v.name));
  const observed = {
    ...original,
    graph: {
      ...original.graph,
      outputs: [
        ...original.graph.outputs,
        ...targets.filter((name) => !there.has(name)).map((name) => ({ ...TEMPLATE, name })),
      ],
    },
  };
  const seen = { ...feeds, ...(await runModel(writeModel(observed), feeds)) };
  const ranges = new Map(
    targets.map((name) => {
      const data = floatsOf(seen, name);
      return [name, { min: Math.min(0, ...data), max: Math.max(0, ...data) }];
    }),
  );
  const ir = importModel(original);
  const summary = toInt8Static(ir, { ranges, activations: 'uint8', weightBits: 8, ...options });
  const before = await runModel(writeModel(original), feeds);
  const after = await runModel(writeModel(exportModel(ir)), feeds);
  return { ...summary, operators: operatorsOf(ir), before, after, ir };
}

const TEMPLATE = model((builder) => conv(builder, 'x', 'c')).graph
  .outputs[0] as OnnxModel['graph']['outputs'][number];

function closeness({ before, after }: Checked): number {
  const [name = ''] = Object.keys(before);
  return cosine(floatsOf(before, name), floatsOf(after, name));
}

function count(operators: readonly string[], operator: string): number {
  return operators.filter((one) => one === operator).length;
}

describe('int8 in QDQ form', () => {
  test('a Conv has integer weights for each channel, an int32 bias, and rounded ends', async () => {
    const checked = await check(model((builder) => conv(builder, 'x', 'c')));
    // x and the result: a pair each; weights and bias: a DequantizeLinear each.
    expect(count(checked.operators, 'QuantizeLinear')).toBe(2);
    expect(count(checked.operators, 'DequantizeLinear')).toBe(4);
    expect(checked.quantized).toBe(1);
    const types = new Map(
      [...checked.ir.graph.initializers].map(({ name, initializer }) => [
        name,
        [initializer?.dataType, initializer?.dims],
      ]),
    );
    // TensorProto.DataType: 3 int8, 6 int32, 1 float, 2 uint8.
    expect(types.get('c_w_quantized')).toEqual([3, [8, 8, 3, 3]]);
    expect(types.get('c_w_scale')).toEqual([1, [8]]);
    expect(types.get('c_b_quantized')).toEqual([6, [8]]);
    expect(types.get('x_zero_point')).toEqual([2, []]);
    expect(closeness(checked)).toBeGreaterThan(0.9995);
  });

  test('a Relu after a Conv is done by the rounding: its range begins at 0', async () => {
    const checked = await check(model((builder) => relu(builder, conv(builder, 'x', 'c'))));
    expect(count(checked.operators, 'Relu')).toBe(0);
    expect(Math.min(...floatsOf(checked.after, 'c_y_relu'))).toBe(0);
    expect(closeness(checked)).toBeGreaterThan(0.9995);
  });

  test.each([
    ['int8' as const, 8 as const],
    ['uint8' as const, 7 as const],
  ])('%s activations and %d-bit weights do too', async (activations, weightBits) => {
    const original = model((builder) => relu(builder, conv(builder, 'x', 'c')));
    const checked = await check(original, { activations, weightBits });
    expect(closeness(checked)).toBeGreaterThan(0.999);
    if (weightBits === 8) return;
    const kernels = [...checked.ir.graph.initializers].find(({ name }) => name === 'c_w_quantized');
    const bytes = kernels?.initializer?.rawData ?? new Uint8Array();
    const values = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    expect(Math.max(...values.map(Math.abs))).toBe(63);
  });

  test('a residual block stays in integers from end to end', async () => {
    const block = model((builder) => {
      const first = relu(builder, conv(builder, 'x', 'a'));
      const second = conv(builder, first, 'b');
      return relu(builder, builder.node('Add', [second, first], { outputs: ['sum'] }));
    });
    const checked = await check(block);
    const roles = [...planStatic(importModel(block)).roles].map(([node, role]) => [
      node.opType,
      role,
    ]);
    expect(roles).toEqual([
      ['Conv', 'weighted'],
      ['Relu', 'absorbed'],
      ['Conv', 'weighted'],
      ['Add', 'arithmetic'],
      ['Relu', 'absorbed'],
    ]);
    expect(closeness(checked)).toBeGreaterThan(0.999);
  });

  test('a summand that a Relu cuts has steps for what is seen of it alone', () => {
    const block = model((builder) => {
      const sum = [conv(builder, 'x', 'a'), conv(builder, 'x', 'b')];
      return relu(builder, builder.node('Add', sum, { outputs: ['sum'] }));
    });
    const ir = importModel(block);
    const ranges = new Map([
      ['x', { min: -1, max: 1 }],
      // Below -30 the sum is cut whatever b is; below -20 whatever a is.
      ['a_y', { min: -400, max: 20 }],
      ['b_y', { min: -5, max: 30 }],
      ['sum_relu', { min: 0, max: 50 }],
    ]);
    toInt8Static(ir, { ranges, activations: 'uint8', weightBits: 8 });
    const scale = (name: string): number => {
      const found = [...ir.graph.initializers].find((value) => value.name === `${name}_scale`);
      return readScalar(found?.constant ?? null) ?? 0;
    };
    expect(scale('a_y')).toBeCloseTo(50 / 255, 6);
    expect(scale('b_y')).toBeCloseTo(35 / 255, 6);
  });

  test('concats, pools and a classifier stay in integers', async () => {
    const original = model((builder) => {
      const a = relu(builder, conv(builder, 'x', 'a'));
      const b = relu(builder, conv(builder, 'x', 'b'));
      const both = builder.node('Concat', [a, b], { attributes: { axis: { int: 1 } } });
      const pooled = builder.node('MaxPool', [both], {
        attributes: { kernel_shape: { ints: [2, 2] }, strides: { ints: [2, 2] } },
      });
      const mean = builder.node('GlobalAveragePool', [pooled]);
      const flat = builder.node('Flatten', [mean], { attributes: { axis: { int: 1 } } });
      const w = builder.initializer('w', weights([5, 16]));
      const c = builder.initializer('c', weights([5]));
      const attributes = { transB: { int: 1 }, beta: { float: 2 } };
      return builder.node('Gemm', [flat, w, c], { attributes, outputs: ['y'] });
    });
    const checked = await check(original);
    expect(checked.quantized).toBe(3);
    expect(closeness(checked)).toBeGreaterThan(0.999);
    // The Gemm's result is an output: it is given in float32, without another rounding.
    const last = [...checked.ir.graph.nodes].find((node) => node.opType === 'Gemm');
    expect(last?.output.name).toBe('y');
  });

  test("old opsets get the runtime's own operators, which have an axis", async () => {
    const checked = await check(model((builder) => relu(builder, conv(builder, 'x', 'c')), 11));
    expect(count(checked.operators, 'com.microsoft.QuantizeLinear')).toBe(2);
    expect(closeness(checked)).toBeGreaterThan(0.9995);
  });

  test('a pool in float32 keeps its place: the rounding after it cannot move before it', async () => {
    const original = model((builder) => {
      const pooled = builder.node('MaxPool', [builder.node('Sin', ['x'])], {
        attributes: { kernel_shape: { ints: [2, 2] }, strides: { ints: [2, 2] } },
      });
      return conv(builder, pooled, 'c');
    });
    const checked = await check(original);
    expect(count(checked.operators, 'Max')).toBe(1);
    expect(closeness(checked)).toBeGreaterThan(0.999);
  });

  test('weights that two nodes share are stored once', async () => {
    const checked = await check(
      model((builder) => {
        const w = builder.initializer('w', weights([8, 8, 3, 3]));
        const first = builder.node('Conv', ['x', w], { attributes: CONV, outputs: ['first'] });
        return builder.node('Conv', [first, w], { attributes: CONV, outputs: ['second'] });
      }),
    );
    const names = [...checked.ir.graph.initializers].map(({ name }) => name);
    expect(names.filter((name) => name.startsWith('w_quantized'))).toEqual(['w_quantized']);
    expect(names).not.toContain('w');
    expect(closeness(checked)).toBeGreaterThan(0.999);
  });

  test('a bias that two nodes share is scaled for each, under names of their own', async () => {
    const checked = await check(
      model((builder) => {
        const bias = builder.initializer('bias', weights([8]));
        const node = (x: string, name: string): string => {
          const w = builder.initializer(`${name}_w`, weights([8, 8, 3, 3], name.length));
          return builder.node('Conv', [x, w, bias], { name, attributes: CONV });
        };
        return node(node('x', 'a'), 'bb');
      }),
    );
    const names = [...checked.ir.graph.nodes].map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(closeness(checked)).toBeGreaterThan(0.999);
  });

  test('a value that is an output too keeps its name and is the rounded one', async () => {
    const builder = new ModelBuilder({ name: 'g', opset: 17 });
    builder.input('x', 'float32', ['N', 8, 6, 6]);
    const first = relu(builder, conv(builder, 'x', 'a'));
    builder.output(first, 'float32', null);
    builder.output(conv(builder, first, 'b'), 'float32', null);
    const checked = await check(builder.build());
    expect(Object.keys(checked.after)).toEqual(['a_y_relu', 'b_y']);
    const [before, after] = [checked.before, checked.after].map((t) => floatsOf(t, 'b_y'));
    expect(cosine(before as Float32Array, after as Float32Array)).toBeGreaterThan(0.999);
  });
});

describe('left in floating point', () => {
  test('nodes that are to be kept', async () => {
    const original = model((builder) => conv(builder, relu(builder, conv(builder, 'x', 'a')), 'b'));
    const names = [...planStatic(importModel(original)).roles]
      .filter(([, role]) => role === 'weighted')
      .map(([node]) => quantizedNodeId(node));
    expect(names).toEqual(['a_y', 'b_y']);
    const checked = await check(original, { keep: new Set(['a_y']) });
    expect(checked.quantized).toBe(1);
    expect(checked.skipped).toEqual([{ node: 'a', reason: 'it is kept in floating point' }]);
    expect(count(checked.operators, 'Relu')).toBe(1);
    expect(closeness(checked)).toBeGreaterThan(0.999);
  });

  test.each<[string, (builder: ModelBuilder) => string, string]>([
    [
      'products of two activations',
      (builder) => builder.node('MatMul', ['x', 'x'], { name: 'm' }),
      'its weights are not constant float32',
    ],
    [
      'weights that are no matrix',
      (builder) => {
        const w = builder.initializer('w', weights([8, 6, 6]));
        return builder.node('MatMul', ['x', w], { name: 'm' });
      },
      'its weights are not a matrix',
    ],
    [
      'a dense Conv of one channel',
      (builder) => {
        builder.input('gray', 'float32', ['N', 1, 6, 6]);
        const w = builder.initializer('w', weights([8, 1, 3, 3]));
        return builder.node('Conv', ['gray', w], { name: 'm', attributes: CONV });
      },
      'one input channel: the integer kernel would be slower',
    ],
    [
      'a bias that is fed',
      (builder) => {
        builder.input('b', 'float32', [8]);
        const w = builder.initializer('w', weights([8, 8, 3, 3]));
        return builder.node('Conv', ['x', w, 'b'], { name: 'm', attributes: CONV });
      },
      'its bias is not constant float32',
    ],
  ])('%s, with the reason', (_, build, reason) => {
    const plan = planStatic(importModel(model(build)));
    expect(plan.skipped).toEqual([{ node: 'm', reason }]);
    expect(plan.carried.size).toBe(0);
  });

  test('a Relu whose input is seen elsewhere, and a Clip that cuts below 0', () => {
    const shared = model((builder) => {
      const y = conv(builder, 'x', 'c');
      return builder.node('Add', [relu(builder, y), y], { outputs: ['sum'] });
    });
    expect([...planStatic(importModel(shared)).roles.values()]).toEqual(['weighted']);
    const clipped = model((builder) => {
      const least = builder.initializer('least', {
        type: 'float32',
        dims: [],
        data: Float32Array.of(-1),
      });
      return builder.node('Clip', [conv(builder, 'x', 'c'), least]);
    });
    expect([...planStatic(importModel(clipped)).roles.values()]).toEqual(['weighted']);
  });

  test('an Add with a value that is in floating point', () => {
    const original = model((builder) =>
      builder.node('Add', [conv(builder, 'x', 'c'), builder.node('Sin', ['x'])]),
    );
    expect([...planStatic(importModel(original)).roles.values()]).toEqual(['weighted']);
  });
});
