import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ModelBuilder } from '../../../../engine/graph/builder.ts';
import { writeModel } from '../../../../engine/graph/write.ts';
import type { Tensors } from '../../../../engine/runtime/tensor.ts';
import { weights } from '../../graph/passes/check-pass.ts';

export const SIDE = 32;
const CHANNELS = 16;

/** Bytes of one sample's activations with all channels. */
export const PLANE_BYTES = 4 * CHANNELS * SIDE * SIDE;

/** Two convolutions with a shortcut around the second, a mean and a product: x [N, 3, 32, 32]. */
export function writeBranchingNetwork(folder: string): string {
  const builder = new ModelBuilder({ name: 'branching', opset: 17 });
  const conv = (input: string, name: string, from: number): string =>
    builder.node('Conv', [input, builder.initializer(name, weights([CHANNELS, from, 3, 3]))], {
      attributes: { kernel_shape: { ints: [3, 3] }, pads: { ints: [1, 1, 1, 1] } },
    });
  const x = builder.input('x', 'float32', ['N', 3, SIDE, SIDE]);
  const first = builder.node('Relu', [conv(x, 'w1', 3)]);
  const sum = builder.node('Add', [conv(first, 'w2', CHANNELS), first]);
  const pooled = builder.node('GlobalAveragePool', [builder.node('Relu', [sum])]);
  const flat = builder.node('Flatten', [pooled]);
  builder.node('MatMul', [flat, builder.initializer('w3', weights([CHANNELS, 4]))], {
    outputs: ['y'],
  });
  builder.output('y', 'float32', ['N', 4]);
  const path = join(folder, 'branching.onnx');
  writeFileSync(path, writeModel(builder.build()));
  return path;
}

export function pictures(rows: number): Tensors {
  const dims = [rows, 3, SIDE, SIDE];
  const data = new Float32Array(rows * 3 * SIDE * SIDE).fill(0.5);
  return { x: { type: 'float32', dims, data } };
}

/** Requests of one sample and of two. */
export function oneAndTwo(): readonly [
  { readonly batch: number; readonly feeds: Tensors },
  { readonly batch: number; readonly feeds: Tensors },
] {
  return [
    { batch: 1, feeds: pictures(1) },
    { batch: 2, feeds: pictures(2) },
  ];
}
