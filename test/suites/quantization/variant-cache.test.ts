import { existsSync, readdirSync, statSync, truncateSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createRandom } from '../../../engine/base/random.ts';
import { sha256OfFile } from '../../../engine/base/files.ts';
import { writeDataset } from '../../../suites/data/dataset.ts';
import {
  cachedVariant,
  type Variant,
  type VariantRequest,
} from '../../../suites/quantization/variant-cache.ts';
import { writeProduct } from '../../support/quantizable-models.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** A store with a product in it, and what is asked of it: int8 weights, four samples to judge by. */
async function setUp(): Promise<{
  readonly cacheFolder: string;
  readonly request: VariantRequest;
}> {
  const cacheFolder = temporaryFolder();
  const datasetFolder = join(cacheFolder, 'dataset');
  const random = createRandom(4, 'x');
  const data = Float32Array.from({ length: 4 * 64 }, () => random.normal());
  await writeDataset(datasetFolder, {
    count: 4,
    inputs: [{ name: 'x', type: 'float32', dims: [64], batched: true, data }],
    labels: null,
  });
  return {
    cacheFolder,
    request: {
      calibration: [],
      evaluation: [{ name: 'batch 1', datasetFolder, start: 0, count: 4, rows: 1 }],
      job: {
        modelPath: writeProduct(cacheFolder),
        precision: 'int8-dynamic',
        method: 'auto',
        activations: 'uint8',
        weightBits: 8,
        int4BlockSize: 32,
        floors: [{ kind: 'cosine', value: 0.99 }],
        threads: 1,
      },
    },
  };
}

/** The variant, and whether it was made for this. */
async function ask(
  cacheFolder: string,
  request: VariantRequest,
  changes: { readonly dataKey?: string; readonly timeoutMs?: number } = {},
): Promise<{ readonly variant: Variant; readonly isMade: boolean }> {
  const progress: string[] = [];
  const variant = await cachedVariant(request, {
    cacheFolder,
    dataKey: 'data',
    timeoutMs: 60_000,
    signal: new AbortController().signal,
    onProgress: (text) => progress.push(text),
    ...changes,
  });
  return { variant, isMade: progress.length > 0 };
}

describe('the cache of variants', () => {
  test('makes one once, whatever the threads; again where it is damaged; another for other data or bits', async () => {
    const { cacheFolder, request } = await setUp();
    const first = await ask(cacheFolder, request);
    const { variant } = first;
    expect(first.isMade).toBe(true);
    expect(variant.report).toMatchObject({ precision: 'int8-dynamic', quantized: 1 });
    expect(variant.sha256).toBe(await sha256OfFile(variant.path));
    expect(readdirSync(dirname(variant.path)).toSorted()).toEqual(['model.onnx', 'variant.json']);

    const moreThreads = { ...request, job: { ...request.job, threads: 2 } };
    expect(await ask(cacheFolder, moreThreads)).toEqual({ variant, isMade: false });

    truncateSync(variant.path, statSync(variant.path).size - 1);
    expect(await ask(cacheFolder, request)).toEqual({ variant, isMade: true });

    const other = await ask(cacheFolder, request, { dataKey: 'other data' });
    expect(other.isMade).toBe(true);
    expect(other.variant.path).not.toBe(variant.path);
    expect(other.variant.sha256).toBe(variant.sha256);

    const sevenBits = { ...request, job: { ...request.job, weightBits: 7 as const } };
    const { variant: narrow } = await ask(cacheFolder, sevenBits);
    expect(narrow.path).not.toBe(variant.path);
    expect(narrow.sha256).not.toBe(variant.sha256);
  });

  test('keeps nothing of one that misses its floor, or that takes too long', async () => {
    const { cacheFolder, request } = await setUp();
    const strict = { ...request, job: { ...request.job, floors: [{ kind: 'sqnr', value: 190 }] } };
    await expect(ask(cacheFolder, strict as VariantRequest)).rejects.toMatchObject({
      exitCode: 4,
      message: expect.stringMatching(
        /product\.onnx: int8-dynamic does not hold the floor: sqnr [\d.]+ at batch 1, floor 190$/,
      ) as string,
      remedy: expect.stringMatching(/^lower the floor, /) as string,
    });
    await expect(ask(cacheFolder, request, { timeoutMs: 1 })).rejects.toThrow(
      /making int8-dynamic of .*product\.onnx took longer than 0\.001 s/,
    );
    const kept = readdirSync(join(cacheFolder, 'variants'), { recursive: true, encoding: 'utf8' });
    expect(kept.filter((name) => name.includes('/'))).toEqual([]);
  });

  test('is not asked where the work was stopped', async () => {
    const { cacheFolder, request } = await setUp();
    const reason = new Error('stopped');
    const options = { cacheFolder, dataKey: 'data', timeoutMs: 60_000 };
    const signal = AbortSignal.abort(reason);
    await expect(cachedVariant(request, { ...options, signal })).rejects.toBe(reason);
    expect(existsSync(join(cacheFolder, 'variants', 'model.onnx'))).toBe(false);
  });
});
