import { expect, test } from 'vitest';
import { ModelBuilder } from '../../../../engine/graph/builder.ts';
import type { AttributeValue } from '../../../../engine/graph/create-attribute.ts';
import { createTensor } from '../../../../engine/graph/create-tensor.ts';
import type { OnnxModel } from '../../../../engine/graph/model.ts';
import { constantsToInitializers } from '../../../../engine/graph/passes/constants-to-initializers.ts';
import { checkPass, normal, weights } from './check-pass.ts';

/** `y = x + Cast(constant)`, so that constants of any number type can be checked. */
function addsConstant(attributes: Record<string, AttributeValue>, opset = 17): OnnxModel {
  const builder = new ModelBuilder({ name: 'g', opset });
  const x = builder.input('x', 'float32', ['N', 2]);
  const c = builder.node('Constant', [], { attributes, outputs: ['c'] });
  const cast = builder.node('Cast', [c], { attributes: { to: { int: 1 } } });
  builder.output(builder.node('Add', [x, cast], { outputs: ['y'] }), 'float32', ['N', 2]);
  return builder.build();
}

test.each([
  [{ value: { tensor: createTensor('', weights([1, 2])) } }, [1, 2]],
  [{ value_float: { float: 0.5 } }, []],
  [{ value_float: { float: 0 } }, []],
  [{ value_floats: { floats: [1.5, -2] } }, [2]],
  [{ value_int: { int: 3 } }, []],
  [{ value_ints: { ints: [3, -4] } }, [2]],
] satisfies [Record<string, AttributeValue>, number[]][])(
  'turns a Constant with %o into an initializer of the same name',
  async (attributes, dims) => {
    const { model, operators } = await checkPass(
      constantsToInitializers,
      addsConstant(attributes, 13),
      { x: normal([3, 2]) },
    );
    expect(operators).toEqual(['Cast', 'Add']);
    const [initializer] = model.graph.initializers;
    expect(initializer?.name).toBe('c');
    expect(initializer?.initializer?.dims).toEqual(dims);
  },
);

test.each([
  [{ value_string: { string: 'a' } }, []],
  [{ value_strings: { strings: ['a', 'b'] } }, [2]],
] satisfies [Record<string, AttributeValue>, number[]][])(
  'keeps the texts of a Constant with %o',
  async (attributes, dims) => {
    const builder = new ModelBuilder({ name: 'g', opset: 17 });
    const x = builder.input('x', 'float32', [2]);
    const c = builder.node('Constant', [], { attributes });
    const same = builder.node('Equal', [
      builder.node('Shape', [builder.node('Identity', [c])]),
      builder.initializer('dims', {
        type: 'int64',
        dims: [dims.length],
        data: BigInt64Array.from(dims.map(BigInt)),
      }),
    ]);
    builder.output(same, 'bool', [dims.length]);
    builder.output(builder.node('Neg', [x], { outputs: ['y'] }), 'float32', [2]);
    const { rewrites } = await checkPass(constantsToInitializers, builder.build(), {
      x: normal([2]),
    });
    expect(rewrites).toBe(1);
  },
);

test('leaves a Constant alone that is an output of the graph', async () => {
  const builder = new ModelBuilder({ name: 'g', opset: 17 });
  const x = builder.input('x', 'float32', [2]);
  const attributes = { value_floats: { floats: [1, 2] } };
  const c = builder.node('Constant', [], { attributes, outputs: ['c'] });
  builder.output(builder.node('Add', [x, c], { outputs: ['y'] }), 'float32', [2]);
  builder.output(c, 'float32', [2]);
  const { rewrites, skipped } = await checkPass(constantsToInitializers, builder.build(), {
    x: normal([2]),
  });
  expect(rewrites).toBe(0);
  expect(skipped[0]?.reason).toContain('output');
});

test('converts inside a subgraph', async () => {
  const branch = (name: string, factor: number): ReturnType<ModelBuilder['buildGraph']> => {
    const inner = new ModelBuilder({ name, opset: 17 });
    const c = inner.node('Constant', [], {
      attributes: { value_float: { float: factor } },
      outputs: [`${name}_c`],
    });
    inner.output(inner.node('Mul', ['x', c], { outputs: [`${name}_y`] }), 'float32', ['N', 4]);
    return inner.buildGraph();
  };
  const builder = new ModelBuilder({ name: 'g', opset: 17 });
  builder.input('x', 'float32', ['N', 4]);
  const yes = builder.input('yes', 'bool', []);
  builder.node('If', [yes], {
    outputs: ['y'],
    attributes: { then_branch: { graph: branch('a', 2) }, else_branch: { graph: branch('b', 3) } },
  });
  builder.output('y', 'float32', ['N', 4]);
  const { operators } = await checkPass(constantsToInitializers, builder.build(), {
    x: normal([2, 4]),
    yes: { type: 'bool', dims: [], data: Uint8Array.of(0) },
  });
  expect(operators).toEqual(['If', 'Mul', 'Mul']);
});

test('leaves a sparse Constant alone', async () => {
  const values = createTensor('v', { type: 'float32', dims: [1], data: Float32Array.of(5) });
  const indices = createTensor('i', { type: 'int64', dims: [1], data: BigInt64Array.of(1n) });
  const model = addsConstant({ sparse_value: { sparseTensor: { values, indices, dims: [2] } } });
  const { rewrites, skipped } = await checkPass(constantsToInitializers, model, {
    x: normal([1, 2]),
  });
  expect(rewrites).toBe(0);
  expect(skipped[0]?.reason).toContain('sparse');
});
