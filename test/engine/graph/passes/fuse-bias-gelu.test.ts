import { describe, expect, test } from 'vitest';
import { ModelBuilder } from '../../../../engine/graph/builder.ts';
import { fuseBiasGelu } from '../../../../engine/graph/passes/fuse-bias-gelu.ts';
import { biasedGeluModel, LEFT_ALONE, TAKEN_IN, type BiasedGelu } from './biased-gelu.ts';
import { checkPass, normal, weights, type CheckedPass } from './check-pass.ts';

function check(form: BiasedGelu): Promise<CheckedPass> {
  const model = biasedGeluModel(form);
  const b = form.biasIs === 'fed' ? { b: normal([16], 5) } : {};
  return checkPass(fuseBiasGelu, model, { x: normal([2, 3, 8]), ...b });
}

test.each(TAKEN_IN)('takes in %s', async (_, form) => {
  expect((await check(form)).operators).toEqual(['MatMul', 'com.microsoft.BiasGelu']);
});

test('takes in a bias before the Gelu of ai.onnx', async () => {
  const { operators, model } = await check({ opType: 'Gelu' });
  expect(operators).toEqual(['MatMul', 'com.microsoft.BiasGelu']);
  expect(model.opsets.get('com.microsoft')).toBe(1);
});

test.each([[[1, 1, 8]], [[1, 5, 8]], [[4, 1, 8]], [[4, 5, 8]]])(
  'computes the same for %j',
  async (dims) => {
    const { rewrites } = await checkPass(fuseBiasGelu, biasedGeluModel({}), { x: normal(dims) });
    expect(rewrites).toBe(1);
  },
);

test('gives a bias with axes of 1 as a vector', async () => {
  const { model } = await check({ bias: [1, 1, 16] });
  const [gelu] = [...model.graph.nodes].filter((node) => node.opType === 'BiasGelu');
  expect(gelu?.inputs[1]?.constant?.dims).toEqual([16]);
});

describe('leaves alone', () => {
  test.each(LEFT_ALONE)('%s', async (_, form, reason) => {
    const { rewrites, skipped } = await check(form);
    expect(rewrites).toBe(0);
    expect(skipped.map((skip) => skip.reason)).toEqual(reason === null ? [] : [reason]);
  });

  test.each<[string, BiasedGelu]>([
    ['the tanh form of ai.onnx', { opType: 'Gelu', approximate: 'tanh' }],
    ['the tanh form of the runtime', { opType: 'com.microsoft.FastGelu' }],
  ])('%s', async (_, form) => {
    const { rewrites, skipped } = await check(form);
    expect([rewrites, skipped]).toEqual([0, []]);
  });

  test('a sum of the graph around it', async () => {
    const branch = (name: string, opType: 'Gelu' | 'Neg') => {
      const inner = new ModelBuilder({ name, opset: 20 });
      inner.output(inner.node(opType, ['sum'], { outputs: [`${name}_y`] }), 'float32', null);
      return inner.buildGraph();
    };
    const builder = new ModelBuilder({ name: 'g', opset: 20, domains: { 'com.microsoft': 1 } });
    builder.input('flag', 'bool', [1]);
    builder.input('x', 'float32', ['N', 8]);
    builder.node('Add', ['x', builder.initializer('b', weights([8]))], { outputs: ['sum'] });
    builder.node('If', ['flag'], {
      attributes: {
        then_branch: { graph: branch('yes', 'Gelu') },
        else_branch: { graph: branch('no', 'Neg') },
      },
      outputs: ['y'],
    });
    builder.output('y', 'float32', null);
    const flag = { type: 'bool', dims: [1], data: Uint8Array.of(1) } as const;
    const { rewrites } = await checkPass(fuseBiasGelu, builder.build(), {
      flag,
      x: normal([3, 8]),
    });
    expect(rewrites).toBe(0);
  });
});

test('takes in a bias inside an inner graph', async () => {
  const branch = (name: string, opType: 'Gelu' | 'Neg') => {
    const inner = new ModelBuilder({ name, opset: 20 });
    const sum = inner.node('Add', ['x', 'b'], { outputs: [`${name}_sum`] });
    inner.output(inner.node(opType, [sum], { outputs: [`${name}_y`] }), 'float32', null);
    return inner.buildGraph();
  };
  const builder = new ModelBuilder({ name: 'g', opset: 20 });
  builder.input('flag', 'bool', [1]);
  builder.input('x', 'float32', ['N', 8]);
  builder.initializer('b', weights([8]));
  builder.node('If', ['flag'], {
    attributes: {
      then_branch: { graph: branch('yes', 'Gelu') },
      else_branch: { graph: branch('no', 'Neg') },
    },
    outputs: ['y'],
  });
  builder.output('y', 'float32', null);
  const flag = { type: 'bool', dims: [1], data: Uint8Array.of(1) } as const;
  const { operators } = await checkPass(fuseBiasGelu, builder.build(), { flag, x: normal([3, 8]) });
  expect(operators.toSorted()).toEqual(['Add', 'If', 'Neg', 'com.microsoft.BiasGelu']);
});
