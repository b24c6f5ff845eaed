import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ModelBuilder } from '../../../../engine/graph/builder.ts';
import { writeModel } from '../../../../engine/graph/write.ts';
import { systemBatchClock } from '../../../../engine/runtime/batching/batch-clock.ts';
import { BatchedModel } from '../../../../engine/runtime/batching/batched-model.ts';
import { Batcher } from '../../../../engine/runtime/batching/batcher.ts';
import { defaultEngineConfig } from '../../../../engine/runtime/engine-config.ts';
import { openInlineReplica } from '../../../../engine/runtime/inline-replica.ts';
import type { Tensor, Tensors } from '../../../../engine/runtime/tensor.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { writeLinearModel } from '../../../support/tiny-models.ts';
import { allocateArray } from './allocate-array.ts';

interface Bench {
  readonly model: BatchedModel;
  readonly batcher: Batcher<Tensors, Tensors>;
  readonly close: () => Promise<void>;
}

/** The real runtime behind a batcher that gathers for a while. */
async function openBench(modelPath: string): Promise<Bench> {
  const config = { ...defaultEngineConfig(1), spinning: false };
  const replica = await openInlineReplica({ modelPath, config });
  const { inputs, outputs } = replica;
  const run = (feeds: Tensors): Promise<Tensors> => replica.run(feeds);
  const model = new BatchedModel({ inputs, outputs, run, allocate: allocateArray });
  const limits = { slots: 1, maxSize: 8, maxDelayMs: 5 };
  const batcher = new Batcher({ target: model, clock: systemBatchClock, ...limits });
  return { model, batcher, close: () => batcher.drain().then(() => replica.close()) };
}

function pairs(...values: readonly number[]): Tensors {
  const data = Float32Array.from(values);
  return { x: { type: 'float32', dims: [values.length / 2, 2], data } };
}

/** The data of output `y`. */
function numbers(answer: Tensors): readonly unknown[] {
  return Array.from((answer['y'] as Tensor).data as ArrayLike<unknown>);
}

/** Detections of a picture of no fixed number: the positions of all that is not zero. */
function writeDetector(folder: string): string {
  const builder = new ModelBuilder({ name: 'detector', opset: 17 });
  const x = builder.input('x', 'float32', ['N', 2]);
  const found = builder.node('NonZero', [x]);
  builder.output(
    builder.node('Transpose', [found], { outputs: ['y'], attributes: { perm: { ints: [1, 0] } } }),
    'int64',
    [null, 2],
  );
  const path = join(folder, 'detector.onnx');
  writeFileSync(path, writeModel(builder.build()));
  return path;
}

describe('inference in batches', () => {
  it('gives every request the answer that it gets alone', async () => {
    const { batcher, close } = await openBench(writeLinearModel(temporaryFolder()));
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => batcher.submit(pairs(index, 1, index, 2))),
    );
    expect(answers.map((answer) => numbers(answer))).toEqual(
      Array.from({ length: 20 }, (_, i) => [i, 1, i + 1, i, 2, i + 2]),
    );
    // The first four go when they are eight samples, the others follow in batches of eight.
    expect(batcher.stats()).toMatchObject({ batches: 5, samples: 40, splitBatches: 0 });
    await close();
  });

  it('runs a model of a fixed batch request by request', async () => {
    const { batcher, model, close } = await openBench(writeLinearModel(temporaryFolder(), 1));
    const answers = await Promise.all([1, 2, 3].map((value) => batcher.submit(pairs(value, 1))));
    expect(answers.map((answer) => answer['y']?.data[2])).toEqual([2, 3, 4]);
    expect(batcher.stats()).toMatchObject({ batches: 3, splitBatches: 0 });
    expect(model.axis.state).toBe('unbatched');
    await close();
  });

  it('finds out that the rows of a model are not its samples, and answers all the same', async () => {
    const { batcher, model, close } = await openBench(writeDetector(temporaryFolder()));
    expect(model.axis).toEqual({ state: 'batched', proven: false });
    const given = [pairs(1, 0), pairs(0, 5), pairs(1, 1), pairs(0, 0)];
    const answers = await Promise.all(given.map((feeds) => batcher.submit(feeds)));
    expect(answers.map((answer) => numbers(answer))).toEqual([
      [0n, 0n],
      [0n, 1n],
      [0n, 0n, 0n, 1n],
      [],
    ]);
    expect(model.axis.state).toBe('unbatched');
    await close();
  });
});
