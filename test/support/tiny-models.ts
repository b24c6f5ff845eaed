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
  return writeBuilt(folder, builder);
}

/** A loop that runs for minutes: the runtime cannot be interrupted meanwhile. */
export function writeEndlessModel(folder: string): string {
  const count = { type: 'int64', dims: [], data: BigInt64Array.of(10n ** 12n) } as const;
  return writeBuilt(
    folder,
    buildLoop('endless', (builder) => builder.initializer('count', count)),
  );
}

/**
 * `y` is `x` [64, 64], multiplied with itself in each round, some 10 us each. `addCount` gives
 * the graph the int64 scalar that says how many rounds, and returns its name.
 */
export function buildLoop(name: string, addCount: (builder: ModelBuilder) => string): ModelBuilder {
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
  const builder = new ModelBuilder({ name, opset: 17 });
  builder.input('x', 'float32', [64, 64]);
  const count = addCount(builder);
  const yes = { type: 'bool', dims: [], data: Uint8Array.of(1) } as const;
  builder.node('Loop', [count, builder.initializer('yes', yes), 'x'], {
    outputs: ['y'],
    attributes: { body: { graph: body.buildGraph() } },
  });
  builder.output('y', 'float32', [64, 64]);
  return builder;
}

/** Writes what was built under its graph's name and returns the path. */
export function writeBuilt(folder: string, builder: ModelBuilder): string {
  const model = builder.build();
  const path = join(folder, `${model.graph.name}.onnx`);
  writeFileSync(path, writeModel(model));
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
