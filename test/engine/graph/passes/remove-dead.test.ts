import { expect, test } from 'vitest';
import { ModelBuilder } from '../../../../engine/graph/builder.ts';
import { removeDead } from '../../../../engine/graph/passes/remove-dead.ts';
import { checkPass, normal, weights } from './check-pass.ts';

test('drops what no output needs, chains and their initializers too', async () => {
  const builder = new ModelBuilder({ name: 'g', opset: 17 });
  const x = builder.input('x', 'float32', ['N', 4]);
  const w = builder.initializer('w', weights([4, 4]));
  builder.initializer('unused', weights([3]));
  builder.node('Relu', [builder.node('Exp', [builder.node('MatMul', [x, w])])]);
  builder.output(builder.node('Abs', [x], { outputs: ['y'] }), 'float32', ['N', 4]);
  const { model, operators, rewrites } = await checkPass(removeDead, builder.build(), {
    x: normal([2, 4]),
  });
  expect(operators).toEqual(['Abs']);
  expect(model.graph.initializers.size).toBe(0);
  expect(rewrites).toBeGreaterThan(0);
});

test('keeps a node of which one output is needed', async () => {
  const builder = new ModelBuilder({ name: 'g', opset: 17 });
  const x = builder.input('x', 'float32', [4, 4]);
  builder.node('Split', [x], { outputs: ['y', 'z'], attributes: { axis: { int: 0 } } });
  builder.output('y', 'float32', [2, 4]);
  const { rewrites } = await checkPass(removeDead, builder.build(), { x: normal([4, 4]) });
  expect(rewrites).toBe(0);
});

test('keeps what only a subgraph reads, and clears dead nodes inside it', async () => {
  const branch = (name: string, useOuter: boolean): ReturnType<ModelBuilder['buildGraph']> => {
    const inner = new ModelBuilder({ name, opset: 17 });
    inner.node('Exp', ['h']);
    inner.output(
      inner.node(useOuter ? 'Relu' : 'Abs', ['h'], { outputs: [`${name}_y`] }),
      'float32',
      ['N', 4],
    );
    return inner.buildGraph();
  };
  const builder = new ModelBuilder({ name: 'g', opset: 17 });
  const x = builder.input('x', 'float32', ['N', 4]);
  builder.node('Neg', [x], { outputs: ['h'] });
  const yes = builder.initializer('yes', { type: 'bool', dims: [], data: Uint8Array.of(1) });
  builder.node('If', [yes], {
    outputs: ['y'],
    attributes: {
      then_branch: { graph: branch('a', true) },
      else_branch: { graph: branch('b', false) },
    },
  });
  builder.output('y', 'float32', ['N', 4]);
  const { operators } = await checkPass(removeDead, builder.build(), { x: normal([2, 4]) });
  expect(operators).toEqual(['Neg', 'If', 'Relu', 'Abs']);
});
