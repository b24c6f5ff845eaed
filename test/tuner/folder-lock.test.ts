import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemFiles } from '../../engine/devices/system-files.ts';
import { takeFolderLock } from '../../tuner/folder-lock.ts';
import { isAlive, thisOwner } from '../../tuner/store/run-owner.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const files = systemFiles();

function options(prefix: string): Parameters<typeof takeFolderLock>[1] {
  return { prefix, owner: thisOwner(files), isAlive: (owner) => isAlive(owner, files) };
}

test('locks of several things in one folder do not meet', async () => {
  const folder = temporaryFolder();
  const first = await takeFolderLock(folder, options('a-'));
  const second = await takeFolderLock(folder, options('b-'));
  expect([first.state, second.state]).toEqual(['taken', 'taken']);
  const third = await takeFolderLock(folder, options('a-'));
  expect(third).toMatchObject({
    state: 'held',
    owner: { pid: process.pid },
    path: expect.stringMatching(/\/a-\d+-[0-9a-f]{8}\.json$/) as string,
  });
  // Who did not get it leaves nothing behind.
  expect(readdirSync(folder).length).toBe(2);
  for (const lock of [first, second]) if (lock.state === 'taken') await lock.release();
  expect(readdirSync(folder)).toEqual([]);
});

test('a lock makes its folder, and removes no file of another name', async () => {
  const folder = join(temporaryFolder(), 'deep', 'new');
  const lock = await takeFolderLock(folder, options('a-'));
  writeFileSync(join(folder, 'a.json'), 'mine');
  if (lock.state === 'taken') await lock.release();
  expect((await takeFolderLock(folder, options('a-'))).state).toBe('taken');
  expect(readdirSync(folder)).toContain('a.json');
});

test('a process on another machine counts as alive', async () => {
  const folder = temporaryFolder();
  const owner = { hostName: 'elsewhere', pid: 1, startTicks: null };
  writeFileSync(join(folder, 'a-1-x.json'), JSON.stringify(owner));
  expect(await takeFolderLock(folder, options('a-'))).toMatchObject({ state: 'held', owner });
});
