import { describe, expect, test } from 'vitest';
import { UserError } from '../../../engine/base/errors.ts';
import type { Engine } from '../../../engine/runtime/engine.ts';
import type { AllocatedTensor } from '../../../engine/runtime/engine-memory.ts';
import type { NumericType, Tensor } from '../../../engine/runtime/tensor.ts';
import type { Dataset } from '../../../suites/data/dataset.ts';
import { prepareRequests } from '../../../suites/trial/request-pool.ts';

/** Samples of one number, their own index. */
const dataset: Dataset = {
  count: 4,
  labels: null,
  read: async (start, rows) => ({
    x: {
      type: 'float32',
      dims: [rows, 1],
      data: Float32Array.from({ length: rows }, (_, row) => start + row),
    },
  }),
  close: async () => undefined,
};

/** The memory of an engine that has room for so many tensors. */
function engineWith(
  room: number,
): Pick<Engine, 'allocate'> & { readonly given: readonly AllocatedTensor[] } {
  const given: AllocatedTensor[] = [];
  return {
    given,
    allocate: <Type extends NumericType>(type: Type, dims: readonly number[]) => {
      if (given.length === room) throw new UserError('the pool is full');
      const elements = dims.reduce((product, dim) => product * dim, 1);
      // The data here are floats alone.
      const data = new Float32Array(new SharedArrayBuffer(64), 16, elements);
      const nothing = (): void => undefined;
      const tensor = { type, dims, data, release: nothing, [Symbol.dispose]: nothing };
      given.push(tensor as unknown as AllocatedTensor);
      return tensor as unknown as AllocatedTensor<Type>;
    },
  };
}

describe('prepared requests', () => {
  test("lie in the engine's memory, with the data's values", async () => {
    const engine = engineWith(10);
    const pool = await prepareRequests(dataset, { rows: 2, clients: 1, seed: 1, engine });
    expect(engine.given.length).toBe(2);
    expect(engine.given.map(({ data }) => [...(data as Float32Array)])).toEqual([
      [0, 1],
      [2, 3],
    ]);
    expect(pool.first['x']).toBe(engine.given[0]);
    const sent = Array.from({ length: 20 }, (_, index) => pool.next(0, index)['x']);
    expect(sent.every((tensor) => engine.given.some((one) => one === tensor))).toBe(true);
  });

  test('lie where the data was read to where the engine has no room', async () => {
    const engine = engineWith(1);
    const pool = await prepareRequests(dataset, { rows: 2, clients: 1, seed: 1, engine });
    const sent = Array.from({ length: 20 }, (_, index) => pool.next(0, index)['x'] as Tensor);
    expect(new Set(sent).size).toBe(2);
    expect(new Set(sent.map(({ data }) => (data as Float32Array)[0]))).toEqual(new Set([0, 2]));
  });
});
