import { describe, expect, test } from 'vitest';
import { ModelBuilder } from '../../../../engine/graph/builder.ts';
import { importModel } from '../../../../engine/graph/ir/import-model.ts';
import { InvalidModelError } from '../../../../engine/graph/invalid-model-error.ts';
import type { OnnxModel, OnnxTensor } from '../../../../engine/graph/model.ts';

function model(make: (builder: ModelBuilder) => void): OnnxModel {
  const builder = new ModelBuilder({ name: 'g', opset: 17 });
  builder.input('x', 'float32', ['N', 2]);
  make(builder);
  return builder.build();
}

function withTensor(change: Partial<OnnxTensor>): OnnxModel {
  const built = model((builder) => {
    builder.initializer('w', { type: 'float32', dims: [2], data: new Float32Array(2) });
    builder.output(builder.node('Add', ['x', 'w'], { outputs: ['y'] }), 'float32', null);
  });
  const initializers = built.graph.initializers.map((tensor) => ({ ...tensor, ...change }));
  return { ...built, graph: { ...built.graph, initializers } };
}

describe('a graph that is refused, node and value named', () => {
  test.each<[string, OnnxModel, RegExp]>([
    [
      'a dangling name',
      model((builder) => {
        builder.output(
          builder.node('Relu', ['ghost'], { name: 'n', outputs: ['y'] }),
          'float32',
          null,
        );
      }),
      /node 'n' \(Relu\) reads 'ghost', which nothing before it makes/,
    ],
    [
      'nodes out of order',
      model((builder) => {
        builder.node('Relu', ['late'], { name: 'first', outputs: ['y'] });
        builder.node('Abs', ['x'], { outputs: ['late'] });
        builder.output('y', 'float32', null);
      }),
      /node 'first' \(Relu\) reads 'late'/,
    ],
    [
      'a cycle',
      model((builder) => {
        builder.node('Add', ['x', 'b'], { outputs: ['a'] });
        builder.node('Relu', ['a'], { outputs: ['b'] });
        builder.output('b', 'float32', null);
      }),
      /reads 'b'/,
    ],
    [
      'a value made twice',
      model((builder) => {
        builder.node('Relu', ['x'], { outputs: ['y'] });
        builder.node('Abs', ['x'], { name: 'again', outputs: ['y'] });
        builder.output('y', 'float32', null);
      }),
      /'y' is made twice, the second time by node 'again' \(Abs\)/,
    ],
    [
      'an output that nothing makes',
      model((builder) => builder.output('nowhere', 'float32', null)),
      /nothing makes the graph's output 'nowhere'/,
    ],
    [
      'a tensor of too few bytes',
      withTensor({ dims: [3] }),
      /'w' is float32\[3\], which is 12 bytes, and has 8/,
    ],
    ['a tensor of a negative size', withTensor({ dims: [-2] }), /'w' has the shape \[-2\]/],
    ['texts as raw bytes', withTensor({ dataType: 8 }), /'w' holds texts as raw bytes/],
  ])('%s', (_, built, message) => {
    expect(() => importModel(built)).toThrow(InvalidModelError);
    expect(() => importModel(built)).toThrow(message);
  });

  test('4-bit elements are counted two a byte', () => {
    const int4 = { dataType: 22, rawData: new Uint8Array(2), dims: [3] };
    expect(() => importModel(withTensor(int4))).not.toThrow();
    expect(() => importModel(withTensor({ ...int4, dims: [5] }))).toThrow(/which is 3 bytes/);
  });
});
