import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ModelBuilder } from '../../../engine/graph/builder.ts';
import { writeModel } from '../../../engine/graph/write.ts';
import type { Tensor } from '../../../engine/runtime/tensor.ts';

/** `y = x`, for tensors like this one. */
export function writeIdentityModel(folder: string, { type, dims }: Tensor): string {
  const builder = new ModelBuilder({ name: 'identity', opset: 17 });
  builder.input('x', type, dims);
  builder.output(builder.node('Identity', ['x'], { outputs: ['y'] }), type, dims);
  return write(folder, builder);
}

/** `y`: the indices of what is not zero; how many there are depends on the numbers. */
export function writeNonZeroModel(folder: string): string {
  const builder = new ModelBuilder({ name: 'non-zero', opset: 17 });
  builder.input('x', 'float32', ['N']);
  builder.output(builder.node('NonZero', ['x'], { outputs: ['y'] }), 'int64', [1, 'M']);
  return write(folder, builder);
}

/** `sum = a + b` and `double = a + a`, elementwise: two feeds and two outputs of one length. */
export function writeAddModel(folder: string): string {
  const builder = new ModelBuilder({ name: 'add', opset: 17 });
  builder.input('a', 'float32', ['N']);
  builder.input('b', 'float32', ['N']);
  builder.output(builder.node('Add', ['a', 'b'], { outputs: ['sum'] }), 'float32', ['N']);
  builder.output(builder.node('Add', ['a', 'a'], { outputs: ['double'] }), 'float32', ['N']);
  return write(folder, builder);
}

/** Runs for `count` rounds of a multiplication of 64 x 64: some 10 us each. `y` is x to a power. */
export function writeLoopModel(folder: string): string {
  const body = new ModelBuilder({ name: 'body', opset: 17 });
  body.input('i', 'int64', []);
  body.input('keep', 'bool', []);
  body.input('carried', 'float32', [64, 64]);
  body.output(body.node('Identity', ['keep'], { outputs: ['go'] }), 'bool', []);
  body.output(
    body.node('MatMul', ['carried', 'carried'], { outputs: ['next'] }),
    'float32',
    [64, 64],
  );
  const builder = new ModelBuilder({ name: 'loop', opset: 17 });
  builder.input('x', 'float32', [64, 64]);
  builder.input('count', 'int64', []);
  const yes = { type: 'bool', dims: [], data: Uint8Array.of(1) } as const;
  builder.node('Loop', ['count', builder.initializer('yes', yes), 'x'], {
    outputs: ['y'],
    attributes: { body: { graph: body.buildGraph() } },
  });
  builder.output('y', 'float32', [64, 64]);
  return write(folder, builder);
}

function write(folder: string, builder: ModelBuilder): string {
  const model = builder.build();
  const path = join(folder, `${model.graph.name}.onnx`);
  writeFileSync(path, writeModel(model));
  return path;
}
