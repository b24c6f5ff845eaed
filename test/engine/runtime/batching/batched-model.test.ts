import { describe, expect, it } from 'vitest';
import type { ValueInfo } from '../../../../engine/runtime/binding.ts';
import {
  BatchedModel,
  NotBatchableError,
  type BatchedModelOptions,
} from '../../../../engine/runtime/batching/batched-model.ts';
import type { NumericArray, Tensor, Tensors } from '../../../../engine/runtime/tensor.ts';
import { allocateArray } from './allocate-array.ts';

const NAMED: readonly ValueInfo[] = [{ name: 'x', type: 'float32', shape: ['N', 'S'] }];
const UNNAMED: readonly ValueInfo[] = [{ name: 'x', type: 'float32', shape: ['', 'S'] }];

function rows(...values: readonly (readonly number[])[]): Tensors {
  const dims = [values.length, values[0]?.length ?? 0];
  return { x: { type: 'float32', dims, data: Float32Array.from(values.flat()) } };
}

/** The model `y = x`, a row for each row, unless told otherwise. */
function createModel(options: Partial<BatchedModelOptions> = {}): {
  readonly model: BatchedModel;
  readonly ran: Tensors[];
} {
  const ran: Tensors[] = [];
  const model = new BatchedModel({
    inputs: NAMED,
    outputs: [{ name: 'y', type: 'float32', shape: ['N', 'S'] }],
    run: async (feeds) => {
      ran.push(feeds);
      const { type, dims, data } = feeds['x'] as Tensor;
      return { y: { type, dims, data: (data as Float32Array).slice() } };
    },
    allocate: allocateArray,
    ...options,
  });
  return { model, ran };
}

/** A run whose output has a number of rows of its own. */
function answerRows(count: (feeds: Tensors) => number): BatchedModelOptions['run'] {
  return async (feeds) => ({
    y: { type: 'float32', dims: [count(feeds)], data: new Float32Array(count(feeds)) },
  });
}

describe('a merged run', () => {
  it('runs once and answers each request with its rows', async () => {
    const { model, ran } = createModel();
    const answers = await model.run([rows([1, 2]), rows([3, 4], [5, 6])], null);
    expect(ran).toEqual([rows([1, 2], [3, 4], [5, 6])]);
    expect(answers).toEqual([{ y: rows([1, 2])['x'] }, { y: rows([3, 4], [5, 6])['x'] }]);
  });

  it('passes a single request and its answer through as they are', async () => {
    const output: Tensors = { y: { type: 'float32', dims: [1, 2], data: Float32Array.of(7, 8) } };
    const ran: unknown[] = [];
    const { model } = createModel({
      run: async (feeds, deadlineAtMs) => {
        ran.push(feeds, deadlineAtMs);
        return output;
      },
    });
    const feeds = rows([1, 2]);
    const [answer] = await model.run([feeds], 5);
    expect(answer).toBe(output);
    expect(ran[0]).toBe(feeds);
    expect(ran[1]).toBe(5);
  });

  it.each([true, false])('gives the merged feeds back after the run: failed %s', async (fails) => {
    const taken: NumericArray[] = [];
    const released: NumericArray[] = [];
    const { model } = createModel({
      allocate: (type, elements) => {
        const array = allocateArray(type, elements);
        taken.push(array);
        return array;
      },
      release: (array) => released.push(array),
      run: async (feeds) => {
        expect(released).toEqual([]);
        if (fails) throw new Error('no');
        return { y: feeds['x'] as Tensor };
      },
    });
    const outcome = await model
      .run([rows([1]), rows([2])], null)
      .catch((thrown: unknown) => thrown);
    expect(outcome instanceof Error).toBe(fails);
    expect(taken.length).toBe(1);
    expect(released).toEqual(taken);
  });

  it('shares the memory of the outputs unless each answer is to own its part', async () => {
    const buffersOf = (answers: readonly Tensors[]): unknown[] =>
      answers.map((answer) => ((answer['y'] as Tensor).data as Float32Array).buffer);
    const [a, b] = buffersOf(await createModel().model.run([rows([1]), rows([2])], null));
    expect(a).toBe(b);
    const owned = createModel({ ownedOutputs: true }).model;
    const [c, d] = buffersOf(await owned.run([rows([1]), rows([2])], null));
    expect(c).not.toBe(d);
  });
});

describe('outputs that contradict the batch dimension', () => {
  it.each([
    ['fewer rows', 1, "output 'y' has 1 rows for 2 samples"],
    ['several rows for each sample', 4, "output 'y' has 4 rows for 2 samples"],
  ])('are refused, and nothing is merged any more: %s', async (_, count, reason) => {
    const { model } = createModel({ run: answerRows(() => count) });
    expect(model.shapeKeyOf(rows([1]))).not.toBeNull();
    const merged = model.run([rows([1]), rows([2])], null);
    await expect(merged).rejects.toThrow(NotBatchableError);
    await expect(merged).rejects.toThrow(reason);
    expect(model.axis).toEqual({ state: 'unbatched', reason });
    expect(model.shapeKeyOf(rows([1]))).toBeNull();
  });

  it('are noticed in the run of a single request too, whose answer stands', async () => {
    const { model } = createModel({ run: answerRows(() => 3) });
    expect((await model.run([rows([1])], null))[0]?.['y']?.dims).toEqual([3]);
    expect(model.axis.state).toBe('unbatched');
  });

  it('leave what was queued by then to be run one by one, without another merged run', async () => {
    const { model, ran } = createModel({ inputs: [{ name: 'x', type: 'float32', shape: [1, 1] }] });
    await expect(model.run([rows([1]), rows([2])], null)).rejects.toThrow(
      /cannot be merged: axis 0 of 'x' is fixed: 1/,
    );
    expect(ran).toEqual([]);
  });
});

describe('a model whose axes have no names', () => {
  const unnamed = {
    inputs: UNNAMED,
    outputs: [{ name: 'y', type: 'float32', shape: [''] }],
  } as const;

  it('is merged only after eight runs of single requests have borne it out', async () => {
    const run = answerRows((feeds) => feeds['x']?.dims[0] as number);
    const { model } = createModel({ ...unnamed, run });
    for (let runs = 0; runs < 8; runs += 1) {
      expect(model.shapeKeyOf(rows([1, 2]))).toBeNull();
      await model.run([rows([1, 2])], null);
    }
    expect(model.shapeKeyOf(rows([1, 2]))).toBe('x:float32[2]');
  });

  it('learns nothing from a request whose samples equal another free dimension', async () => {
    const { model } = createModel({ ...unnamed, run: answerRows(() => 1) });
    for (let runs = 0; runs < 20; runs += 1) await model.run([rows([1])], null);
    expect(model.axis).toEqual({ state: 'batched', proven: false });
  });

  it('learns from a request whose samples equal a fixed dimension: no output follows that', async () => {
    const inputs: readonly ValueInfo[] = [{ name: 'x', type: 'float32', shape: ['', 1] }];
    const { model } = createModel({ ...unnamed, inputs, run: answerRows(() => 1) });
    for (let runs = 0; runs < 8; runs += 1) await model.run([rows([1])], null);
    expect(model.axis).toEqual({ state: 'batched', proven: true });
  });

  it('is never merged after one run to the contrary', async () => {
    let rowsGiven = 2;
    const { model } = createModel({ ...unnamed, run: answerRows(() => rowsGiven) });
    await model.run([rows([1], [2])], null);
    rowsGiven = 5;
    await model.run([rows([1], [2])], null);
    rowsGiven = 2;
    for (let runs = 0; runs < 20; runs += 1) await model.run([rows([1], [2])], null);
    expect(model.axis).toEqual({
      state: 'unbatched',
      reason: "output 'y' has 5 rows for 2 samples",
    });
  });
});

describe('the shape of a request', () => {
  const inputs: readonly ValueInfo[] = [
    { name: 'ids', type: 'int64', shape: ['N', 'S'] },
    { name: 'scale', type: 'float32', shape: ['N'] },
  ];
  const request = (samples: number, length: number, scales = samples): Tensors => ({
    scale: { type: 'float32', dims: [scales], data: new Float32Array(scales) },
    ids: { type: 'int64', dims: [samples, length], data: new BigInt64Array(samples * length) },
  });

  it('names types and trailing dimensions, and leaves the samples out', () => {
    const { model } = createModel({ inputs });
    expect(model.shapeKeyOf(request(1, 7))).toBe('ids:int64[7];scale:float32[]');
    expect(model.shapeKeyOf(request(5, 7))).toBe(model.shapeKeyOf(request(1, 7)));
    expect(model.shapeKeyOf(request(1, 8))).not.toBe(model.shapeKeyOf(request(1, 7)));
    expect(model.samplesOf(request(5, 7))).toBe(5);
  });

  it('is none where the inputs disagree on the samples, or there are no samples', () => {
    const { model } = createModel({ inputs });
    expect(model.shapeKeyOf(request(2, 7, 1))).toBeNull();
    expect(model.samplesOf(request(2, 7, 1))).toBe(1);
    expect(model.shapeKeyOf(request(0, 7))).toBeNull();
    expect(model.samplesOf(request(0, 7))).toBe(0);
  });

  it('is none for a model without a batch dimension', () => {
    const { model } = createModel({ inputs: [{ name: 'x', type: 'float32', shape: [2, 1] }] });
    expect(model.shapeKeyOf(rows([1], [2]))).toBeNull();
    expect(model.samplesOf(rows([1], [2]))).toBe(1);
  });
});
