import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemFiles } from '../../../engine/devices/system-files.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

describe('systemFiles', () => {
  it('reads below its root', () => {
    const root = temporaryFolder();
    mkdirSync(join(root, 'proc'));
    writeFileSync(join(root, 'proc', 'meminfo'), 'MemTotal: 5 kB\n');
    expect(systemFiles(root).read('/proc/meminfo')).toBe('MemTotal: 5 kB\n');
  });

  it('knows nothing of a file that is absent, or a folder', () => {
    const root = temporaryFolder();
    mkdirSync(join(root, 'proc'));
    expect(systemFiles(root).read('/proc/meminfo')).toBeNull();
    expect(systemFiles(root).read('/proc')).toBeNull();
  });

  it('says why a file cannot be read', () => {
    const root = temporaryFolder();
    mkdirSync(join(root, 'proc'));
    expect(systemFiles(root).probe('/proc/meminfo')).toEqual({ state: 'absent' });
    expect(systemFiles(root).probe('/proc')).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('EISDIR') as string,
    });
  });

  it('lists a folder in order, and an absent one as empty', () => {
    const root = temporaryFolder();
    for (const name of ['b', 'a']) mkdirSync(join(root, name));
    expect(systemFiles(root).list('/')).toEqual(['a', 'b']);
    expect(systemFiles(root).list('/none')).toEqual([]);
  });

  it.skipIf(process.platform !== 'linux')('reads this machine without a root (Linux)', () => {
    expect(systemFiles().read('/proc/self/status')).toContain(`Pid:\t${process.pid}\n`);
  });
});
