import { readFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  createSharedMemory,
  unlinkSharedMemory,
  type SharedMapping,
} from '../../../engine/memory/native-memory.ts';
import type { Replica } from '../../../engine/runtime/replica.ts';
import type { Tensor } from '../../../engine/runtime/tensor.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { kill, lossOf, openProcess as open, sharedMemoryOf } from './open-process-replica.ts';
import { writeAddModel, writeIdentityModel } from './replica-models.ts';

function floats(...data: number[]): Tensor {
  return { type: 'float32', dims: [data.length], data: Float32Array.from(data) };
}

function filled(value: number, count: number): Tensor {
  return { type: 'float32', dims: [count], data: new Float32Array(count).fill(value) };
}

describe('the memory of a process replica', () => {
  function shared(floatCount: number): SharedMapping {
    const name = `claw-test-replica-${process.pid}-${(segments += 1)}`;
    const mapping = createSharedMemory(name, floatCount * 4);
    onTestFinished(() => {
      unlinkSharedMemory(name);
      mapping.close();
    });
    return mapping;
  }
  let segments = 0;

  function mapsOf(replica: Replica): string {
    return readFileSync(`/proc/${replica.pid}/maps`, 'utf8');
  }

  test('has no name that could be left behind', async () => {
    const replica = await open(writeAddModel(temporaryFolder()));
    await replica.run({ a: floats(1), b: floats(1) });
    expect(sharedMemoryOf(process.pid, replica.pid ?? 0)).toEqual([]);
    expect(mapsOf(replica)).not.toContain('/dev/shm/');
    expect(mapsOf(replica)).toMatch(/rw-s .*memfd:openclaw-arena/);
  });

  test('is mapped by the process where feeds already lie in named shared memory', async () => {
    const replica = await open(writeAddModel(temporaryFolder()));
    const mapping = shared(8);
    new Float32Array(mapping.buffer).set([1, 2, 3, 4, 5, 6, 7, 8]);
    const view = (from: number): Tensor => ({
      type: 'float32',
      dims: [2],
      data: new Float32Array(mapping.buffer, from * 4, 2),
    });
    const { sum, double } = await replica.run({ a: view(1), b: view(6) });
    expect([...(sum?.data ?? [])]).toEqual([9, 11]);
    expect([...(double?.data ?? [])]).toEqual([4, 6]);
    expect(mapsOf(replica)).toContain(`/dev/shm/${mapping.name}`);
    // Read where they are, each time: nothing was kept.
    new Float32Array(mapping.buffer)[1] = 100;
    expect([...((await replica.run({ a: view(1), b: view(6) }))['sum']?.data ?? [])]).toEqual([
      107, 11,
    ]);
  });

  test('takes a copy of feeds in shared memory whose name is gone, or is another by now', async () => {
    const replica = await open(writeAddModel(temporaryFolder()));
    const gone = shared(2);
    new Float32Array(gone.buffer).set([1, 2]);
    unlinkSharedMemory(gone.name);
    const other = shared(2);
    new Float32Array(other.buffer).set([10, 20]);
    unlinkSharedMemory(other.name);
    const impostor = createSharedMemory(other.name, 8);
    onTestFinished(() => impostor.close());
    const view = ({ buffer }: SharedMapping): Tensor => ({
      type: 'float32',
      dims: [2],
      data: new Float32Array(buffer),
    });
    const first = await replica.run({ a: view(gone), b: view(other) });
    const again = await replica.run({ a: view(gone), b: view(other) });
    expect(first['sum']).toEqual(floats(11, 22));
    expect(again['sum']).toEqual(floats(11, 22));
  });

  test('maps any number of segments, and few of them at once', async () => {
    const replica = await open(writeAddModel(temporaryFolder()));
    for (let index = 0; index < 40; index += 1) {
      const mapping = shared(1);
      const data = new Float32Array(mapping.buffer).fill(index);
      const { sum } = await replica.run({ a: { type: 'float32', dims: [1], data }, b: floats(1) });
      expect([...(sum?.data ?? [])]).toEqual([index + 1]);
    }
    expect(mapsOf(replica).match(/claw-test-replica/g)?.length).toBe(16);
  });

  test('grows when a request does not fit, also after a restart', async () => {
    const replica = await open(writeAddModel(temporaryFolder()));
    for (const count of [1, 50_000, 10]) {
      const { sum } = await replica.run({ a: filled(1, count), b: filled(1, count) });
      expect(sum).toEqual(filled(2, count));
    }
    kill(replica);
    await lossOf(replica.run({ a: filled(1, 1), b: filled(1, 1) }));
    await replica.whenReady();
    const { double } = await replica.run({ a: filled(1, 100_000), b: filled(1, 100_000) });
    expect(double).toEqual(filled(2, 100_000));
  });

  test('has a bound; a request beyond it names the bound and harms nothing', async () => {
    const folder = temporaryFolder();
    const replica = await open(writeAddModel(folder), { maxArenaBytes: 64 * 1024 });
    const tooMuch = replica.run({ a: filled(0, 10_000), b: filled(0, 10_000) });
    await expect(tooMuch).rejects.toThrow(/78.1 KiB of shared memory; .* allows 64 KiB/);
    // The feeds fit, the outputs do not: the process finds out.
    const outputsTooLarge = replica.run({ a: filled(0, 6000), b: filled(0, 6000) });
    await expect(outputsTooLarge).rejects.toThrow(/shared memory; .* allows 64 KiB/);
    expect((await replica.run({ a: filled(0, 3), b: filled(0, 3) }))['sum']?.dims).toEqual([3]);
    expect(replica.state).toBe('ready');
  });

  test('feeds outputs that are views back in place, beside what they give', async () => {
    const replica = await open(writeAddModel(temporaryFolder()));
    let { sum, double } = await replica.run({ a: floats(1), b: floats(2) }, { outputs: 'view' });
    for (let round = 0; round < 5; round += 1) {
      const feeds = { a: sum as Tensor, b: double as Tensor };
      ({ sum, double } = await replica.run(feeds, { outputs: 'view' }));
    }
    // (a, b) -> (a + b, 2a), five times from (3, 2).
    expect([sum?.data[0], double?.data[0]]).toEqual([85, 86]);
  });

  test('does not hold what belongs to the caller: a copy outlives the replica', async () => {
    const replica = await open(writeAddModel(temporaryFolder()));
    const kept = await replica.run({ a: floats(1), b: floats(2) });
    const view = await replica.run({ a: floats(3), b: floats(4) }, { outputs: 'view' });
    await replica.close();
    expect([...(kept['sum']?.data ?? [])]).toEqual([3]);
    expect(view['sum']?.data.length).toBe(0);
  });

  test('carries texts of any length in messages', async () => {
    const long = 'naïve 🐚 '.repeat(100_000);
    const tensor: Tensor = { type: 'string', dims: [2], data: [long, 'end'] };
    const replica = await open(writeIdentityModel(temporaryFolder(), tensor));
    expect((await replica.run({ x: tensor }))['y']).toEqual(tensor);
    expect((await replica.run({ x: tensor }))['y']).toEqual(tensor);
  });

  test('refuses a tensor whose data does not have its size', async () => {
    const replica = await open(writeAddModel(temporaryFolder()));
    const short: Tensor = { type: 'float32', dims: [3], data: Float32Array.of(1, 2) };
    const wide: Tensor = { type: 'float32', dims: [2], data: Float64Array.of(1, 2) };
    await expect(replica.run({ a: short, b: floats(1) })).rejects.toThrow(/'a' is float32\[3\]/);
    await expect(replica.run({ a: floats(1, 2), b: wide })).rejects.toThrow(/'b' is float32\[2\]/);
    expect((await replica.run({ a: floats(1), b: floats(1) }))['sum']?.dims).toEqual([1]);
  });
});
