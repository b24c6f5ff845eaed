import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ModelBuilder } from '../../engine/graph/builder.ts';
import { writeModel } from '../../engine/graph/write.ts';
import { writeDataset } from '../../suites/data/dataset.ts';

/**
 * `y = x . W` with x [N, 2] and W [2, 3], so that outputs can be checked by
 * hand: row (a, b) gives (a, b, a + b).
 */
export function writeLinearModel(folder: string, batch: string | number = 'N'): string {
  const builder = new ModelBuilder({ name: 'linear', opset: 17 });
  const x = builder.input('x', 'float32', [batch, 2]);
  const w = builder.initializer('w', {
    type: 'float32',
    dims: [2, 3],
    data: Float32Array.of(1, 0, 1, 0, 1, 1),
  });
  builder.output(builder.node('MatMul', [x, w], { outputs: ['y'] }), 'float32', [batch, 3]);
  const path = join(folder, 'linear.onnx');
  writeFileSync(path, writeModel(builder.build()));
  return path;
}

/** A loop that runs for minutes: the runtime cannot be interrupted meanwhile. */
export function writeEndlessModel(folder: string): string {
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
  const builder = new ModelBuilder({ name: 'endless', opset: 17 });
  builder.input('x', 'float32', [64, 64]);
  const count = { type: 'int64', dims: [], data: BigInt64Array.of(10n ** 12n) } as const;
  const yes = { type: 'bool', dims: [], data: Uint8Array.of(1) } as const;
  const inputs = [builder.initializer('count', count), builder.initializer('yes', yes), 'x'];
  builder.node('Loop', inputs, {
    outputs: ['y'],
    attributes: { body: { graph: body.buildGraph() } },
  });
  builder.output('y', 'float32', [64, 64]);
  const path = join(folder, 'endless.onnx');
  writeFileSync(path, writeModel(builder.build()));
  return path;
}

/** Four samples for the linear model: the larger of a and b never wins, a + b does: class 2. */
export async function writeLinearDataset(
  folder: string,
  labels: Int32Array | null = null,
): Promise<string> {
  const path = join(folder, 'dataset');
  await writeDataset(path, {
    count: 4,
    inputs: [
      {
        name: 'x',
        type: 'float32',
        dims: [2],
        batched: true,
        data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8),
      },
    ],
    labels,
  });
  return path;
}
