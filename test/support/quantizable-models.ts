import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRandom } from '../../engine/base/random.ts';
import { ModelBuilder } from '../../engine/graph/builder.ts';
import { writeModel } from '../../engine/graph/write.ts';
import { npyOf, writeNpz } from './npz.ts';

const CLASSES = 4;
export const PICTURE = [CLASSES, 6, 6] as const;
const PICTURE_SIZE = CLASSES * 6 * 6;

/**
 * Tells which of four channels is the brightest on average: x [N, 4, 6, 6] through
 * a 3 x 3 convolution and Relu, the mean over the picture, and a Gemm, to y [N, 4].
 * The middles of the convolution are the identity, so that the class is known by
 * construction.
 */
export function writeClassifier(folder: string, batch: string | number = 'N'): string {
  const builder = new ModelBuilder({ name: 'classifier', opset: 17 });
  const random = createRandom(1, 'weights');
  const kernel = Float32Array.from({ length: CLASSES * CLASSES * 9 }, (_, index) => {
    const [output, input] = [Math.floor(index / (CLASSES * 9)), Math.floor(index / 9) % CLASSES];
    return (index % 9 === 4 && output === input ? 1 : 0) + 0.01 * random.normal();
  });
  const identity = Float32Array.from({ length: CLASSES * CLASSES }, (_, index) =>
    index % (CLASSES + 1) === 0 ? 1 : 0,
  );
  builder.input('x', 'float32', [batch, ...PICTURE]);
  const w = { type: 'float32', dims: [CLASSES, CLASSES, 3, 3], data: kernel } as const;
  const conv = builder.node('Conv', ['x', builder.initializer('w', w)], {
    name: 'conv',
    attributes: { pads: { ints: [1, 1, 1, 1] } },
  });
  const pooled = builder.node('GlobalAveragePool', [builder.node('Relu', [conv])]);
  const head = { type: 'float32', dims: [CLASSES, CLASSES], data: identity } as const;
  const features = builder.node('Flatten', [pooled]);
  const logits = builder.node('Gemm', [features, builder.initializer('head', head)], {
    name: 'gemm',
    outputs: ['y'],
  });
  builder.output(logits, 'float32', [batch, CLASSES]);
  const path = join(folder, 'classifier.onnx');
  writeFileSync(path, writeModel(builder.build()));
  return path;
}

/** Pictures whose class is in turn 0, 1, 2 and 3: that channel is brighter by 1. */
export function pictures(count: number): Float32Array {
  const random = createRandom(2, 'pictures');
  return Float32Array.from({ length: count * PICTURE_SIZE }, (_, index) => {
    const sample = Math.floor(index / PICTURE_SIZE);
    const channel = Math.floor(index / 36) % CLASSES;
    return (channel === sample % CLASSES ? 1 : 0) + 0.1 * random.normal();
  });
}

export function classes(count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, sample) => sample % CLASSES);
}

/** Pictures, and labels where they are given, as a `.npz` for the classifier. */
export function writePictures(
  path: string,
  content: {
    readonly count: number;
    readonly data?: Float32Array;
    readonly labels?: Int32Array | null;
  },
): string {
  const { count, data = pictures(count), labels = null } = content;
  const arrays = {
    x: npyOf(data, [count, ...PICTURE]),
    ...(labels === null ? {} : { __labels: npyOf(labels, [labels.length]) }),
  };
  writeFileSync(path, writeNpz(arrays));
  return path;
}

/** `y = x W` with x [N, 64] and W [64, 96], normally distributed. */
export function writeProduct(folder: string): string {
  const builder = new ModelBuilder({ name: 'product', opset: 17 });
  const random = createRandom(3, 'weights');
  const data = Float32Array.from({ length: 64 * 96 }, () => random.normal());
  builder.input('x', 'float32', ['N', 64]);
  const w = builder.initializer('w', { type: 'float32', dims: [64, 96], data });
  builder.output(builder.node('MatMul', ['x', w], { name: 'product', outputs: ['y'] }), 'float32', [
    'N',
    96,
  ]);
  const path = join(folder, 'product.onnx');
  writeFileSync(path, writeModel(builder.build()));
  return path;
}
