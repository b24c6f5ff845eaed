import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { UserError } from '../../../engine/base/errors.ts';
import {
  openDataset,
  writeDataset,
  type Dataset,
  type DatasetInput,
} from '../../../suites/data/dataset.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** Sample i of `image` is [10 i, 10 i + 1], of `id` -i; `scale` belongs to all. */
const INPUTS: readonly DatasetInput[] = [
  {
    name: 'image',
    type: 'float32',
    dims: [2, 1],
    batched: true,
    data: Float32Array.of(0, 1, 10, 11, 20, 21),
  },
  { name: 'id', type: 'int64', dims: [], batched: true, data: BigInt64Array.of(0n, -1n, -2n) },
  { name: 'scale', type: 'float64', dims: [2], batched: false, data: Float64Array.of(0.5, 2) },
];

async function write(labels: Int32Array | null = null): Promise<string> {
  const folder = join(temporaryFolder(), 'set');
  await writeDataset(folder, { count: 3, inputs: INPUTS, labels });
  return folder;
}

async function open(folder: string): Promise<Dataset> {
  const dataset = await openDataset(folder);
  onTestFinished(() => dataset.close());
  return dataset;
}

describe('a dataset', () => {
  it('gives back what was written, with the rows in front', async () => {
    const dataset = await open(await write());
    expect(dataset.count).toBe(3);
    expect(dataset.labels).toBeNull();
    expect(await dataset.read(1, 2)).toEqual({
      image: { type: 'float32', dims: [2, 2, 1], data: Float32Array.of(10, 11, 20, 21) },
      id: { type: 'int64', dims: [2], data: BigInt64Array.of(-1n, -2n) },
      scale: { type: 'float64', dims: [2], data: Float64Array.of(0.5, 2) },
    });
  });

  it('has its tensors in shared memory', async () => {
    const dataset = await open(await write());
    const feeds = await dataset.read(0, 1);
    for (const { data } of Object.values(feeds)) {
      expect(data).toHaveProperty('buffer', expect.any(SharedArrayBuffer));
    }
  });

  it.each([
    [2, 2, [20, 21, 0, 1]],
    [3, 1, [0, 1]],
    [7, 1, [10, 11]],
    [1, 7, [10, 11, 20, 21, 0, 1, 10, 11, 20, 21, 0, 1, 10, 11]],
  ])('goes on from its first sample after the last: %d, %d rows', async (start, rows, image) => {
    const dataset = await open(await write());
    const feeds = await dataset.read(start, rows);
    expect(feeds['image']).toEqual({
      type: 'float32',
      dims: [rows, 2, 1],
      data: Float32Array.from(image),
    });
    expect(feeds['scale']?.data).toEqual(Float64Array.of(0.5, 2));
  });

  it('gives reads that overlap in time their own rows', async () => {
    const dataset = await open(await write());
    const feeds = await Promise.all([0, 1, 2, 0, 1, 2].map((start) => dataset.read(start, 1)));
    expect(feeds.map(({ id }) => Number(id?.data[0]))).toEqual([0, -1, -2, 0, -1, -2]);
  });

  it('keeps labels', async () => {
    const dataset = await open(await write(Int32Array.of(7, 0, 2147483647)));
    expect(dataset.labels).toEqual(Int32Array.of(7, 0, 2147483647));
  });

  it.each(['bool', 'float16'] as const)('keeps %s by its bytes', async (type) => {
    const folder = join(temporaryFolder(), 'set');
    const data = type === 'bool' ? Uint8Array.of(1, 0) : Uint16Array.of(0x3c00, 0xfc00);
    const input: DatasetInput = { name: 'x', type, dims: [1], batched: true, data };
    await writeDataset(folder, { count: 2, inputs: [input], labels: null });
    const dataset = await open(folder);
    expect((await dataset.read(0, 2))['x']).toEqual({ type, dims: [2, 1], data });
  });

  it('writes the elements of a view, not the buffer behind it', async () => {
    const folder = join(temporaryFolder(), 'set');
    const data = Float32Array.of(1, 2, 3, 4).subarray(1, 3);
    const input: DatasetInput = { name: 'x', type: 'float32', dims: [1], batched: true, data };
    await writeDataset(folder, {
      count: 2,
      inputs: [input],
      labels: Int32Array.of(5, 6, 7).subarray(1),
    });
    const dataset = await open(folder);
    expect((await dataset.read(0, 2))['x']?.data).toEqual(Float32Array.of(2, 3));
    expect(dataset.labels).toEqual(Int32Array.of(6, 7));
  });

  it('reads samples without elements', async () => {
    const folder = join(temporaryFolder(), 'set');
    const input: DatasetInput = {
      name: 'x',
      type: 'float32',
      dims: [0, 4],
      batched: true,
      data: new Float32Array(0),
    };
    await writeDataset(folder, { count: 5, inputs: [input], labels: null });
    const dataset = await open(folder);
    expect((await dataset.read(3, 2))['x']).toEqual({
      type: 'float32',
      dims: [2, 0, 4],
      data: new Float32Array(0),
    });
  });

  it('leaves nothing but its files', async () => {
    const folder = await write(Int32Array.of(0, 1, 2));
    expect(readdirSync(folder).sort()).toEqual([
      'dataset.json',
      'input-0.bin',
      'input-1.bin',
      'input-2.bin',
      'labels.bin',
    ]);
    expect(readdirSync(join(folder, '..'))).toEqual(['set']);
  });

  it('is not written over', async () => {
    const folder = await write();
    await writeDataset(folder, { count: 1, inputs: [], labels: null });
    expect((await open(folder)).count).toBe(3);
  });
});

describe('a damaged dataset', () => {
  const REMEDY = 'remove that folder: it is made again when it is needed';

  it.each([
    ['input-2.bin', 15, 16],
    ['input-0.bin', 28, 24],
    ['labels.bin', 8, 12],
    ['labels.bin', 0, 12],
  ])('names %s with %d bytes, not %d', async (name, given, wanted) => {
    const folder = await write(Int32Array.of(0, 1, 2));
    truncateSync(join(folder, name), given);
    const opening = openDataset(folder);
    await expect(opening).rejects.toBeInstanceOf(UserError);
    await expect(opening).rejects.toMatchObject({
      message: `the dataset ${folder} is damaged: ${name} has ${given} bytes, its header says ${wanted}`,
      remedy: REMEDY,
    });
  });

  it.each(['input-1.bin', 'labels.bin'])('names %s when it is missing', async (name) => {
    const folder = await write(Int32Array.of(0, 1, 2));
    rmSync(join(folder, name));
    await expect(openDataset(folder)).rejects.toMatchObject({
      message: `the dataset ${folder} is damaged: ${name}: there is no such file`,
      remedy: REMEDY,
    });
  });

  it('is one without a header', async () => {
    const folder = await write();
    const path = join(folder, 'dataset.json');
    rmSync(path);
    await expect(openDataset(folder)).rejects.toThrow(
      `cannot read a dataset ${path}: there is no such file`,
    );
  });

  it.each([
    ['"float32"', '"float31"', 'is not a numeric tensor type at inputs.0.type'],
    ['"count":3', '"count":0', 'count'],
    ['openclaw.dataset/1', 'openclaw.dataset/2', 'schema'],
    ['"dims":[2,1]', '"dims":[2,-1]', 'inputs.0.dims.1'],
  ])('has a header that says what is wrong: %s as %s', async (right, wrong, said) => {
    const folder = await write();
    const path = join(folder, 'dataset.json');
    const header = readFileSync(path, 'utf8');
    expect(header).toContain(right);
    writeFileSync(path, header.replace(right, wrong));
    const opening = openDataset(folder);
    await expect(opening).rejects.toBeInstanceOf(UserError);
    await expect(opening).rejects.toThrow(`${path} is not a dataset: `);
    await expect(opening).rejects.toThrow(said);
  });

  it('does not invent what a file lost while it was open', async () => {
    const folder = await write();
    const dataset = await open(folder);
    truncateSync(join(folder, 'input-0.bin'), 12);
    await expect(dataset.read(1, 1)).rejects.toThrow(
      'a dataset file became shorter while it was in use',
    );
    expect((await dataset.read(0, 1))['image']?.data).toEqual(Float32Array.of(0, 1));
  });
});
