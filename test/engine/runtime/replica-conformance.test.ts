import { describe, expect, test } from 'vitest';
import { systemClock } from '../../../engine/base/clock.ts';
import { UserError } from '../../../engine/base/errors.ts';
import { defaultEngineConfig } from '../../../engine/runtime/engine-config.ts';
import { openInlineReplica } from '../../../engine/runtime/inline-replica.ts';
import { openProcessReplica } from '../../../engine/runtime/process-replica.ts';
import type { Replica, ReplicaOptions } from '../../../engine/runtime/replica.ts';
import type { Tensor, Tensors } from '../../../engine/runtime/tensor.ts';
import { openThreadReplica } from '../../../engine/runtime/thread-replica.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { writeIdentityModel, writeNonZeroModel } from './replica-models.ts';
import { writeLinearModel } from '../../support/tiny-models.ts';

// Every kind of replica keeps the same promises: a new one adds a line here.
const KINDS: readonly (readonly [string, (options: ReplicaOptions) => Promise<Replica>])[] = [
  ['inline', openInlineReplica],
  ['thread', openThreadReplica],
  ['process', openProcessReplica],
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

  test.each<[string, Tensor]>([
    [
      'float16 as its bits',
      { type: 'float16', dims: [3], data: Uint16Array.of(0x3c00, 0xfc00, 1) },
    ],
    ['float64', { type: 'float64', dims: [2], data: Float64Array.of(Math.PI, -0) }],
    ['int64', { type: 'int64', dims: [1, 2], data: BigInt64Array.of(-(2n ** 63n), 7n) }],
    ['uint8', { type: 'uint8', dims: [3], data: Uint8Array.of(0, 128, 255) }],
    ['bool', { type: 'bool', dims: [2, 2], data: Uint8Array.of(1, 0, 0, 1) }],
    ['string', { type: 'string', dims: [3], data: ['', 'a "b"\n', 'naïve 🐚'] }],
    ['a scalar', { type: 'float32', dims: [], data: Float32Array.of(-1.5) }],
    ['nothing of a number', { type: 'int32', dims: [2, 0, 3], data: new Int32Array(0) }],
    ['nothing of a string', { type: 'string', dims: [0], data: [] }],
  ])('gives back what it takes: %s', async (_name, tensor) => {
    const modelPath = writeIdentityModel(temporaryFolder(), tensor);
    const replica = await open({ modelPath, config });
    expect(await replica.run({ x: tensor })).toEqual({ y: tensor });
    await replica.close();
  });

  test('gives outputs whose shape only the run tells', async () => {
    const replica = await open({ modelPath: writeNonZeroModel(temporaryFolder()), config });
    const feeds = (...data: number[]): Tensors => ({
      x: { type: 'float32', dims: [data.length], data: Float32Array.from(data) },
    });
    expect(await replica.run(feeds(0, 5, 0, 6))).toEqual({
      y: { type: 'int64', dims: [1, 2], data: BigInt64Array.of(1n, 3n) },
    });
    expect((await replica.run(feeds(0, 0)))['y']?.dims).toEqual([1, 0]);
    await replica.close();
  });

  test('gives large outputs of one shape again and again, and of others between', async () => {
    const replica = await open({ modelPath: writeLinearModel(temporaryFolder()), config });
    for (const [count, first] of [
      [30_000, 1],
      [30_000, 2],
      [30_000, 3],
      [20_000, 4],
      [30_000, 5],
      [20_000, 6],
    ] as const) {
      const data = Float32Array.from({ length: count * 2 }, (_value, index) => index + first);
      const { y } = await replica.run({ x: { type: 'float32', dims: [count, 2], data } });
      expect(y?.dims).toEqual([count, 3]);
      const [a = 0, b = 0] = data;
      const [c = 0, d = 0] = data.slice(-2);
      expect([...(y?.data.slice(0, 3) ?? []), ...(y?.data.slice(-3) ?? [])]).toEqual([
        a,
        b,
        a + b,
        c,
        d,
        c + d,
      ]);
    }
    await replica.close();
  });

  test('gives large outputs whose shape only the run tells, for feeds of one shape', async () => {
    const replica = await open({ modelPath: writeNonZeroModel(temporaryFolder()), config });
    for (const count of [20_000, 20_000, 15_000, 20_000, 10_000]) {
      const data = new Float32Array(20_000).fill(1, 0, count);
      const { y } = await replica.run({ x: { type: 'float32', dims: [20_000], data } });
      expect(y?.dims).toEqual([1, count]);
      expect(y?.data.at(-1)).toBe(BigInt(count - 1));
    }
    await replica.close();
  });

  test('gives back large float16 tensors, again and again', async () => {
    const tensor = (value: number): Tensor => ({
      type: 'float16',
      dims: [50_000],
      data: new Uint16Array(50_000).fill(value),
    });
    const replica = await open({
      modelPath: writeIdentityModel(temporaryFolder(), tensor(0)),
      config,
    });
    for (const value of [0x3c00, 0x4000, 0x4200]) {
      const { y } = await replica.run({ x: tensor(value) });
      expect(y?.dims).toEqual([50_000]);
      expect(new Set(y?.data as Uint16Array)).toEqual(new Set([value]));
    }
    await replica.close();
  });

  test('answers requests of every size after one another', async () => {
    const replica = await open({ modelPath: writeLinearModel(temporaryFolder()), config });
    for (const count of [1, 100_000, 3, 0, 400_000, 2]) {
      const data = Float32Array.from({ length: count * 2 }, (_value, index) => index);
      const { y } = await replica.run({ x: { type: 'float32', dims: [count, 2], data } });
      expect(y?.dims).toEqual([count, 3]);
      const [a = 0, b = 0] = data.slice(-2);
      expect([...(y?.data.slice(-3) ?? [])]).toEqual(count === 0 ? [] : [a, b, a + b]);
    }
    await replica.close();
  });

  test('outputs that are asked for as views can be read until the next run', async () => {
    const replica = await open({ modelPath: writeLinearModel(temporaryFolder()), config });
    const { y } = await replica.run(rows(), { outputs: 'view' });
    expect([...(y?.data ?? [])]).toEqual([1, 2, 3, 3, 4, 7]);
    await replica.close();
  });

  test('is ready with a process from the start, and neither once it is closed', async () => {
    const replica = await open({ modelPath: writeLinearModel(temporaryFolder()), config });
    expect(replica.state).toBe('ready');
    expect(replica.pid).toBeGreaterThan(0);
    await expect(replica.whenReady()).resolves.toBe(undefined);
    await replica.close();
    expect(replica.state).toBe('closed');
    await expect(replica.run(rows())).rejects.toThrow(/closed/);
    await expect(replica.whenReady()).rejects.toThrow(/closed/);
  });

  test('answers within a deadline as without', async () => {
    const replica = await open({ modelPath: writeLinearModel(temporaryFolder()), config });
    const answer = await replica.run(rows(), { deadlineAtMs: systemClock.nowMs() + 60_000 });
    expect(answer['y']?.dims).toEqual([2, 3]);
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
