import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemFiles } from '../../../engine/devices/system-files.ts';
import { takeNightLock } from '../../../tuner/nightly/night-lock.ts';
import { isAlive, thisOwner } from '../../../tuner/store/run-owner.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const files = systemFiles();
const options = {
  owner: thisOwner(files),
  isAlive: (owner: Parameters<typeof isAlive>[0]) => isAlive(owner, files),
};

describe('the lock of nights', () => {
  it('is held by one process at a time, and can be taken again when given back', async () => {
    const folder = temporaryFolder();
    const release = await takeNightLock(folder, options);
    await expect(takeNightLock(folder, options)).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(/^another night is running: process \d+ on /) as string,
    });
    await release();
    await (
      await takeNightLock(folder, options)
    )();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is freed by the death of its process', async () => {
    const folder = temporaryFolder();
    const child = spawn('sleep', ['60']);
    await once(child, 'spawn');
    const ticks = files.read(`/proc/${child.pid}/stat`)?.split(') ')[1]?.split(' ')[19] ?? null;
    const owner = { hostName: hostname(), pid: child.pid ?? 0, startTicks: ticks };
    writeFileSync(join(folder, 'lock-1-aa.json'), JSON.stringify(owner));
    await expect(takeNightLock(folder, options)).rejects.toThrow(`process ${child.pid} on`);
    child.kill('SIGKILL');
    await once(child, 'close');
    const release = await takeNightLock(folder, options);
    expect(readdirSync(folder).length).toBe(1);
    await release();
  });

  it('is not held by another process that was given the number of a dead one', async () => {
    const folder = temporaryFolder();
    const owner = { hostName: hostname(), pid: process.pid, startTicks: '1' };
    writeFileSync(join(folder, 'lock-2-bb.json'), JSON.stringify(owner));
    await (
      await takeNightLock(folder, options)
    )();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is not held by a file that makes no sense', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'lock-3-cc.json'), '');
    await (
      await takeNightLock(folder, options)
    )();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is never held by two of many that come at once', async () => {
    const folder = temporaryFolder();
    const taken = await Promise.allSettled(
      Array.from({ length: 20 }, () => takeNightLock(folder, options)),
    );
    const held = taken.filter(({ status }) => status === 'fulfilled');
    expect(held.length).toBeLessThanOrEqual(1);
  });
});
