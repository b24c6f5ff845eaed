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

  it.skipIf(process.platform !== 'linux')('reads this machine without a root (Linux)', () => {
    expect(systemFiles().read('/proc/self/status')).toContain(`Pid:\t${process.pid}\n`);
  });
});
