import { ModelBuilder } from '../../../engine/graph/builder.ts';
import type { Tensor } from '../../../engine/runtime/tensor.ts';
import { buildLoop, writeBuilt } from '../../support/tiny-models.ts';

/** `y = x`, for tensors like this one. */
export function writeIdentityModel(folder: string, { type, dims }: Tensor): string {
  const builder = new ModelBuilder({ name: 'identity', opset: 17 });
  builder.input('x', type, dims);
  builder.output(builder.node('Identity', ['x'], { outputs: ['y'] }), type, dims);
  return writeBuilt(folder, builder);
}

/** `y`: the indices of what is not zero; how many there are depends on the numbers. */
export function writeNonZeroModel(folder: string): string {
  const builder = new ModelBuilder({ name: 'non-zero', opset: 17 });
  builder.input('x', 'float32', ['N']);
  builder.output(builder.node('NonZero', ['x'], { outputs: ['y'] }), 'int64', [1, 'M']);
  return writeBuilt(folder, builder);
}

/** `sum = a + b` and `double = a + a`, elementwise: two feeds and two outputs of one length. */
export function writeAddModel(folder: string): string {
  const builder = new ModelBuilder({ name: 'add', opset: 17 });
  builder.input('a', 'float32', ['N']);
  builder.input('b', 'float32', ['N']);
  builder.output(builder.node('Add', ['a', 'b'], { outputs: ['sum'] }), 'float32', ['N']);
  builder.output(builder.node('Add', ['a', 'a'], { outputs: ['double'] }), 'float32', ['N']);
  return writeBuilt(folder, builder);
}

/** Runs for `count` rounds, an input: see `buildLoop`. */
export function writeLoopModel(folder: string): string {
  return writeBuilt(
    folder,
    buildLoop('loop', (builder) => builder.input('count', 'int64', [])),
  );
}
