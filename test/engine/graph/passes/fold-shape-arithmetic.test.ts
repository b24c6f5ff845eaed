import { describe, expect, test } from 'vitest';
import { ModelBuilder } from '../../../../engine/graph/builder.ts';
import type { TensorContent } from '../../../../engine/graph/create-tensor.ts';
import { foldShapeArithmetic } from '../../../../engine/graph/passes/fold-shape-arithmetic.ts';
import { readIntegers } from '../../../../engine/graph/tensor-values.ts';
import { checkPass, normal, weights, type CheckedPass } from './check-pass.ts';

const int64 = (dims: readonly number[], ...values: readonly number[]): TensorContent => ({
  type: 'int64',
  dims,
  data: BigInt64Array.from(values, BigInt),
});

/** x float32 [N,S,12] or of other dims, and a few constants. */
function start(dims: readonly (string | number)[] = ['N', 'S', 12], opset = 17): ModelBuilder {
  const builder = new ModelBuilder({ name: 'g', opset });
  builder.input('x', 'float32', dims);
  for (const [name, value] of [
    ['zero', 0],
    ['one', 1],
    ['two', 2],
  ] as const) {
    builder.initializer(name, int64([], value));
    builder.initializer(`[${name}]`, int64([1], value));
  }
  return builder;
}

/** Shape(x) and one Gather a dim, as tracing exporters write it. */
function dimOf(builder: ModelBuilder, index: 'zero' | 'one' | 'two', value = 'x'): string {
  const dim = builder.node('Gather', [builder.node('Shape', [value]), index]);
  return builder.node('Unsqueeze', [dim, '[zero]']);
}

function concat(builder: ModelBuilder, ...parts: readonly string[]): string {
  return builder.node('Concat', parts, { attributes: { axis: { int: 0 } } });
}

/** The Reshape or Expand makes the output. */
function finish(
  builder: ModelBuilder,
  opType: string,
  target: string,
  allowZero = 0,
): ModelBuilder {
  const attributes = allowZero === 0 ? {} : { allowzero: { int: allowZero } };
  builder.node(opType, ['x', target], { outputs: ['y'], attributes });
  builder.output('y', 'float32', null);
  return builder;
}

const check = (builder: ModelBuilder, dims: readonly number[] = [2, 5, 12]): Promise<CheckedPass> =>
  checkPass(foldShapeArithmetic, builder.build(), { x: normal(dims) });

function targetOf({ model }: CheckedPass): readonly number[] | null {
  const [value] = model.graph.outputs;
  const constant = value?.producer?.inputs[1]?.constant ?? null;
  return constant === null ? null : readIntegers(constant);
}

describe('becomes a constant', () => {
  test('the shape of a tensor of fixed dims', async () => {
    const builder = start([2, 3, 4]);
    const w = builder.initializer('w', weights([1, 3, 1]));
    builder.node('Expand', [w, builder.node('Shape', ['x'])], { outputs: ['y'] });
    builder.output('y', 'float32', null);
    const result = await check(builder, [2, 3, 4]);
    expect(result.operators).toEqual(['Expand']);
    expect(targetOf(result)).toEqual([2, 3, 4]);
  });

  test('what is computed from fixed dims, in integers and in float', async () => {
    const builder = start(['N', 3, 10]);
    const size = builder.node('Slice', [
      builder.node('Shape', ['x']),
      '[two]',
      builder.initializer('end', int64([1], 3)),
    ]);
    const float = builder.node('Cast', [size], { attributes: { to: { int: 1 } } });
    const stride = builder.initializer('stride', {
      type: 'float32',
      dims: [],
      data: Float32Array.of(4),
    });
    const steps = builder.node('Ceil', [builder.node('Div', [float, stride])]);
    const whole = builder.node('Cast', [builder.node('Mul', [steps, stride])], {
      attributes: { to: { int: 7 } },
    });
    const none = builder.initializer('none', int64([5], 0, 0, 0, 0, 0));
    const pads = concat(builder, none, builder.node('Sub', [whole, size]));
    builder.node('Pad', ['x', pads], { outputs: ['y'] });
    builder.output('y', 'float32', null);
    const result = await check(builder, [2, 3, 10]);
    expect(result.operators).toEqual(['Pad']);
    expect(targetOf(result)).toEqual([0, 0, 0, 0, 0, 2]);
  });

  test('the size of a tensor, for each use of it', async () => {
    const builder = start([2, 6]);
    const count = builder.node('Cast', [builder.node('Size', ['x'])], {
      attributes: { to: { int: 1 } },
    });
    builder.node('Mul', [builder.node('Div', ['x', count]), count], { outputs: ['y'] });
    builder.output('y', 'float32', null);
    expect((await check(builder, [2, 6])).operators).toEqual(['Div', 'Mul']);
  });

  test('what a subgraph computes from a shape outside', async () => {
    const branch = (name: string): ReturnType<ModelBuilder['buildGraph']> => {
      const inner = new ModelBuilder({ name, opset: 17 });
      const last = inner.node(
        'Gather',
        [inner.node('Shape', ['x'], { outputs: [`${name}s`] }), 'two'],
        { outputs: [`${name}d`] },
      );
      const float = inner.node('Cast', [last], {
        outputs: [`${name}f`],
        attributes: { to: { int: 1 } },
      });
      inner.output(inner.node('Mul', ['x', float], { outputs: [`${name}y`] }), 'float32', null);
      return inner.buildGraph();
    };
    const builder = start();
    const yes = builder.initializer('yes', { type: 'bool', dims: [], data: Uint8Array.of(1) });
    builder.node('If', [yes], {
      outputs: ['y'],
      attributes: { then_branch: { graph: branch('a') }, else_branch: { graph: branch('b') } },
    });
    builder.output('y', 'float32', null);
    expect((await check(builder)).operators).toEqual(['If', 'Mul', 'Mul']);
  });

  test.each([
    ['one free dim that moves', ['[two]', 'N', '[six]'], ['N', 12], [2, -1, 6], [4, 12]],
    [
      'dims that stay where they are',
      ['N', 'S', '[two]', '[six]'],
      ['N', 'S', 12],
      [0, 0, 2, 6],
      [2, 5, 12],
    ],
  ])('the target of a Reshape with %s', async (_, parts, dims, expected, fed) => {
    const builder = start(dims);
    builder.initializer('[six]', int64([1], 6));
    const names: Record<string, string> = {
      N: dimOf(builder, 'zero'),
      S: dims.length > 2 ? dimOf(builder, 'one') : '',
    };
    // Of [N,12] a half is [2,N,6].
    finish(builder, 'Reshape', concat(builder, ...parts.map((part) => names[part] ?? part)));
    const result = await check(builder, fed);
    expect(result.operators).toEqual(expect.arrayContaining(['Reshape']));
    expect(result.operators).not.toContain('Concat');
    expect(targetOf(result)).toEqual(expected);
  });

  test('the target of a Reshape where a 0 is a dim of 0', async () => {
    const builder = start();
    const target = concat(
      builder,
      dimOf(builder, 'zero'),
      dimOf(builder, 'one'),
      builder.initializer('rest', int64([2], 3, 4)),
    );
    const result = await check(finish(builder, 'Reshape', target, 1));
    expect(targetOf(result)).toEqual([0, 0, 3, 4]);
    expect(
      [...result.model.graph.nodes].map(({ attributes }) => attributes.has('allowzero')),
    ).toEqual([false]);
  });

  test('the target of an Expand whose free dims are there already', async () => {
    const builder = start(['N', 1, 12]);
    const target = concat(
      builder,
      dimOf(builder, 'zero'),
      builder.initializer('rest', int64([2], 4, 12)),
    );
    const result = await check(finish(builder, 'Expand', target), [2, 1, 12]);
    expect(result.operators).toEqual(['Expand']);
    expect(targetOf(result)).toEqual([1, 4, 12]);
  });
});

describe('is left alone', () => {
  test('whatever depends on a free dim', async () => {
    const builder = start();
    builder.node('ConstantOfShape', [builder.node('Shape', ['x'])], { outputs: ['y'] });
    builder.output('y', 'float32', null);
    expect((await check(builder)).rewrites).toBe(0);
  });

  test('a constant that is an output, with its uses', async () => {
    const builder = start([2, 3, 4]);
    builder.node('Shape', ['x'], { outputs: ['shape'] });
    builder.node('Expand', ['x', 'shape'], { outputs: ['y'] });
    builder.output('y', 'float32', null);
    builder.output('shape', 'int64', [3]);
    const { operators, skipped } = await check(builder, [2, 3, 4]);
    expect(operators).toEqual(['Shape', 'Expand']);
    expect(skipped[0]?.reason).toMatch(/output of the graph/);
  });

  test('a Reshape of which two dims move', async () => {
    const builder = start();
    const target = concat(
      builder,
      dimOf(builder, 'one'),
      dimOf(builder, 'zero'),
      builder.initializer('rest', int64([1], 12)),
    );
    const { rewrites, skipped } = await check(finish(builder, 'Reshape', target));
    expect(rewrites).toBe(0);
    expect(skipped[0]?.reason).toMatch(/more than one entry/);
  });

  test('a Reshape that could no longer take an empty batch', async () => {
    const builder = start();
    const half = builder.node('Div', [dimOf(builder, 'one'), '[two]']);
    const target = concat(
      builder,
      dimOf(builder, 'zero'),
      half,
      builder.initializer('rest', int64([1], 24)),
    );
    const { rewrites, skipped } = await check(finish(builder, 'Reshape', target), [2, 4, 12]);
    expect(rewrites).toBe(0);
    expect(skipped[0]?.reason).toMatch(/empty/);
  });

  test('an Expand to a dim that was 1', async () => {
    const builder = start(['N', 'M', 12]);
    const other = builder.input('z', 'float32', ['K', 2, 1]);
    const target = concat(
      builder,
      dimOf(builder, 'zero'),
      dimOf(builder, 'zero', other),
      builder.initializer('rest', int64([1], 12)),
    );
    finish(builder, 'Expand', target);
    const result = await checkPass(foldShapeArithmetic, builder.build(), {
      x: normal([2, 1, 12]),
      z: normal([3, 2, 1]),
    });
    expect(result.rewrites).toBe(0);
    expect(result.skipped[0]?.reason).toMatch(/depends on the input/);
  });

  test('a target that is an input with a default', async () => {
    const builder = start();
    const target = builder.input('target', 'int64', [2]);
    builder.initializer('target', int64([2], -1, 12));
    const { rewrites, skipped } = await check(finish(builder, 'Reshape', target));
    expect(rewrites).toBe(0);
    expect(skipped).toEqual([]);
  });
});
