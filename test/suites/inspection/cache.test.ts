import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readCache, writeCache, type Accuracies } from '../../../suites/inspection/cache.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const ACCURACY = { network: 0.97, rawPixels: 0.36 };

async function make(folder: string): Promise<Accuracies> {
  mkdirSync(join(folder, 'held-out'));
  await writeFile(join(folder, 'held-out', 'images'), 'pictures');
  await writeFile(join(folder, 'inspection.onnx'), 'weights');
  return ACCURACY;
}

test('what was kept is found again, with its accuracies', async () => {
  const root = join(temporaryFolder(), 'suite');
  expect(await readCache(root)).toBeNull();
  await writeCache(root, make);
  expect(await readCache(root)).toEqual(ACCURACY);
});

test('a damaged file is noticed, and the whole is made again in its place', async () => {
  const folder = temporaryFolder();
  const root = join(folder, 'suite');
  await writeCache(root, make);
  for (const damaged of ['inspection.onnx', 'held-out/images', 'manifest.json']) {
    const before = readFileSync(join(root, damaged));
    writeFileSync(join(root, damaged), 'damaged');
    writeFileSync(join(root, 'of-nobody'), 'left over');
    expect(await readCache(root)).toBeNull();
    await writeCache(root, make);
    expect(await readCache(root)).toEqual(ACCURACY);
    expect(readFileSync(join(root, damaged)).equals(before)).toBe(true);
    expect(readdirSync(root).toSorted()).toEqual(['held-out', 'inspection.onnx', 'manifest.json']);
  }
  expect(readdirSync(folder)).toEqual(['suite']);
});

test('what cannot be made leaves nothing behind, and a damaged one as it was', async () => {
  const folder = temporaryFolder();
  const root = join(folder, 'suite');
  const fail = async (half: string): Promise<Accuracies> => {
    await make(half);
    throw new Error('enough');
  };
  await expect(writeCache(root, fail)).rejects.toThrow('enough');
  expect(readdirSync(folder)).toEqual([]);
  await writeCache(root, make);
  writeFileSync(join(root, 'inspection.onnx'), 'damaged');
  await expect(writeCache(root, fail)).rejects.toThrow('enough');
  expect(readFileSync(join(root, 'inspection.onnx'), 'utf8')).toBe('damaged');
  expect(readdirSync(folder)).toEqual(['suite']);
});
