import { expect, test } from 'vitest';
import { ModelBuilder } from '../../../../engine/graph/builder.ts';
import { fuseConvAffine } from '../../../../engine/graph/passes/fuse-conv-affine.ts';
import { checkPass, normal, weights } from '../passes/check-pass.ts';

/** Conv and a Mul by a constant, every initializer listed as an input too. */
function model(irVersion: number): ReturnType<ModelBuilder['build']> {
  const builder = new ModelBuilder({ name: 'g', opset: 8, irVersion });
  const x = builder.input('x', 'float32', [1, 2, 4, 4]);
  const w = builder.input('w', 'float32', [3, 2, 1, 1]);
  const s = builder.input('s', 'float32', [3, 1, 1]);
  builder.initializer('w', weights([3, 2, 1, 1]));
  builder.initializer('s', weights([3, 1, 1]));
  const conv = builder.node('Conv', [x, w], { attributes: { kernel_shape: { ints: [1, 1] } } });
  builder.output(builder.node('Mul', [conv, s], { outputs: ['y'] }), 'float32', [1, 3, 4, 4]);
  return builder.build();
}

test('before IR version 4 an initializer is a constant although it is listed as an input', async () => {
  const { operators } = await checkPass(fuseConvAffine, model(3), { x: normal([1, 2, 4, 4]) });
  expect(operators).toEqual(['Conv']);
});

test('from IR version 4 on it is a default that a caller may override', async () => {
  const { operators } = await checkPass(fuseConvAffine, model(4), { x: normal([1, 2, 4, 4]) });
  expect(operators).toEqual(['Conv', 'Mul']);
});
