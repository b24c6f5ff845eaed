import { afterEach, describe, expect, test } from 'vitest';
import { sharedMappingOf } from '../../../engine/memory/native-memory.ts';
import { EngineMemory } from '../../../engine/runtime/engine-memory.ts';

let memory: EngineMemory | null = null;
afterEach(() => memory?.close());

function open(isolation: 'inline' | 'thread' | 'process', limitBytes = 1_000_000): EngineMemory {
  memory = new EngineMemory(isolation, { limitBytes });
  return memory;
}

describe.each(['inline', 'thread', 'process'] as const)('memory for isolation %s', (isolation) => {
  test('lends tensors of a type and shape, and takes them back once', () => {
    const lent = open(isolation);
    const tensor = lent.allocate('int64', [2, 3]);
    expect(tensor).toMatchObject({ type: 'int64', dims: [2, 3] });
    expect(tensor.data).toBeInstanceOf(BigInt64Array);
    expect(tensor.data.length).toBe(6);
    expect(lent.statistics()).toMatchObject({ outstanding: 1, liveBytes: 48 });
    tensor.release();
    tensor.release();
    expect(lent.statistics()).toMatchObject({ outstanding: 0, liveBytes: 0 });
  });

  test('lends scalars and tensors of nothing', () => {
    const lent = open(isolation);
    expect(lent.allocate('float32', []).data.length).toBe(1);
    expect(lent.allocate('float16', [0, 4]).data.length).toBe(0);
  });

  test('refuses what is no numeric tensor', () => {
    const lent = open(isolation);
    expect(() => lent.allocate('string' as 'int8', [1])).toThrow(/no memory for a tensor string/);
    expect(() => lent.allocate('int8', [-1])).toThrow(/no memory for a tensor int8\[-1\]/);
    expect(() => lent.allocate('int8', [1.5, 2])).toThrow(/tensor int8\[1.5, 2\]/);
    expect(() => lent.allocate('int8', [2 ** 40, 2 ** 40])).toThrow(/no memory/);
  });

  test('has a bound: a caller is refused beyond it, merged feeds get other memory', () => {
    const lent = open(isolation, 100_000);
    expect(() => lent.allocate('int8', [200_000])).toThrow(/pool may hold/);
    const array = lent.takeArray('float32', 50_000);
    expect(array).toHaveLength(50_000);
    expect(lent.refusals).toBe(1);
    lent.releaseArray(array);
    expect(lent.statistics().outstanding).toBe(0);
  });

  test('uses the memory of merged feeds again', () => {
    const lent = open(isolation);
    const first = lent.takeArray('float32', 1000);
    const { buffer } = first;
    lent.releaseArray(first);
    expect(lent.takeArray('float32', 900).buffer).toBe(buffer);
    expect(lent.statistics()).toMatchObject({ hits: 1, misses: 1 });
  });

  test('lies where the replicas see it', () => {
    const { buffer } = open(isolation).allocate('float32', [4]).data;
    expect(sharedMappingOf(buffer) !== null).toBe(isolation === 'process');
    expect(buffer instanceof SharedArrayBuffer).toBe(isolation !== 'process');
  });
});
