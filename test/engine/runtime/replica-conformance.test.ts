import { describe, expect, test } from 'vitest';
import { UserError } from '../../../engine/base/errors.ts';
import { defaultEngineConfig } from '../../../engine/runtime/engine-config.ts';
import { openInlineReplica } from '../../../engine/runtime/inline-replica.ts';
import type { Replica, ReplicaOptions } from '../../../engine/runtime/replica.ts';
import type { Tensors } from '../../../engine/runtime/tensor.ts';
import { openThreadReplica } from '../../../engine/runtime/thread-replica.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { writeLinearModel } from '../../support/tiny-models.ts';

// Every kind of replica keeps the same promises: a new one adds a line here.
const KINDS: readonly (readonly [string, (options: ReplicaOptions) => Promise<Replica>])[] = [
  ['inline', openInlineReplica],
  ['thread', openThreadReplica],
];

const config = { ...defaultEngineConfig(1), spinning: false };

/** Rows (1, 2) and (3, 4). */
function rows(): Tensors {
  return { x: { type: 'float32', dims: [2, 2], data: Float32Array.of(1, 2, 3, 4) } };
}

describe.each(KINDS)('%s replica', (_, open) => {
  test('tells what the model takes and gives', async () => {
    const replica = await open({ modelPath: writeLinearModel(temporaryFolder()), config });
    expect(replica.inputs).toEqual([{ name: 'x', type: 'float32', shape: ['N', 2] }]);
    expect(replica.outputs).toEqual([{ name: 'y', type: 'float32', shape: ['N', 3] }]);
    await replica.close();
  });

  test('computes: (a, b) gives (a, b, a + b)', async () => {
    const replica = await open({ modelPath: writeLinearModel(temporaryFolder()), config });
    const { y } = await replica.run(rows());
    expect(y?.dims).toEqual([2, 3]);
    expect([...(y?.data ?? [])]).toEqual([1, 2, 3, 3, 4, 7]);
    await replica.close();
  });

  test('reads feeds from shared memory in place, and its answers stay when the next one comes', async () => {
    const replica = await open({ modelPath: writeLinearModel(temporaryFolder()), config });
    const data = new Float32Array(new SharedArrayBuffer(8));
    data.set([5, 6]);
    const feeds: Tensors = { x: { type: 'float32', dims: [1, 2], data } };
    const first = await replica.run(feeds);
    data.set([7, 8]);
    const second = await replica.run(feeds);
    expect([...(first['y']?.data ?? [])]).toEqual([5, 6, 11]);
    expect([...(second['y']?.data ?? [])]).toEqual([7, 8, 15]);
    await replica.close();
  });

  test('reads a view into a larger buffer', async () => {
    const replica = await open({ modelPath: writeLinearModel(temporaryFolder()), config });
    const data = Float32Array.of(9, 9, 1, 2, 9).subarray(2, 4);
    const { y } = await replica.run({ x: { type: 'float32', dims: [1, 2], data } });
    expect([...(y?.data ?? [])]).toEqual([1, 2, 3]);
    await replica.close();
  });

  test('closes once, however often it is asked, and after the request in flight', async () => {
    const replica = await open({ modelPath: writeLinearModel(temporaryFolder()), config });
    const answer = replica.run(rows());
    const closed = [replica.close(), replica.close()];
    expect((await answer)['y']?.dims).toEqual([2, 3]);
    await Promise.all(closed);
  });

  test('stays usable after a request that the runtime refuses', async () => {
    const replica = await open({ modelPath: writeLinearModel(temporaryFolder()), config });
    const wrong: Tensors = { x: { type: 'float32', dims: [1, 3], data: new Float32Array(3) } };
    await expect(replica.run(wrong)).rejects.toThrow(/x|shape|dimension/i);
    expect((await replica.run(rows()))['y']?.dims).toEqual([2, 3]);
    await replica.close();
  });

  test('says which file the runtime refuses, and leaves nothing open', async () => {
    const modelPath = `${temporaryFolder()}/absent.onnx`;
    await expect(open({ modelPath, config })).rejects.toThrow(UserError);
    await expect(open({ modelPath, config })).rejects.toThrow(/absent\.onnx/);
  });
});
