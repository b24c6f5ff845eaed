import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemFiles } from '../../../engine/devices/system-files.ts';
import { takeExportLock } from '../../../tuner/export/export-lock.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const options = { signal: new AbortController().signal, files: systemFiles() };

test('who waits for a folder gets it when it is given back', async () => {
  const folder = temporaryFolder();
  const release = await takeExportLock(folder, options);
  let isTaken = false;
  const second = takeExportLock(folder, options).then((own) => {
    isTaken = true;
    return own;
  });
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(isTaken).toBe(false);
  await release();
  await (
    await second
  )();
  expect(readdirSync(folder)).toEqual([]);
});

test('who waits can be stopped, and leaves nothing behind', async () => {
  const folder = temporaryFolder();
  const elsewhere = { hostName: 'elsewhere', pid: 1, startTicks: null };
  const path = join(folder, '.claw-export-lock-1-x.json');
  writeFileSync(path, JSON.stringify(elsewhere));
  const controller = new AbortController();
  const waiting = takeExportLock(folder, { ...options, signal: controller.signal });
  setTimeout(() => controller.abort(new Error('stopped')), 50);
  await expect(waiting).rejects.toThrow('stopped');
  rmSync(path);
  expect(readdirSync(folder)).toEqual([]);
});
