import { describe, expect, it, vi } from 'vitest';
import { describeHost } from '../../hosts/this-host.ts';
import { xeonCpuInfo } from '../support/cpu-info.ts';
import { fakeFiles } from '../support/fake-files.ts';

const system = vi.hoisted(() => ({ release: '6.1.0-18-amd64', hostname: 'box' }));

vi.mock('node:os', async (original) => ({
  ...(await original<typeof import('node:os')>()),
  release: () => system.release,
  hostname: () => system.hostname,
}));

function keyNow(memoryKib = 32_465_120): string {
  const files = fakeFiles({
    '/proc/cpuinfo': xeonCpuInfo(8),
    '/proc/meminfo': `MemTotal: ${memoryKib} kB\n`,
  });
  const { key, kernel, name } = describeHost(files);
  expect(kernel).toContain(system.release);
  expect(name).toBe(system.hostname);
  return key;
}

describe('the key of a host', () => {
  it('stays through a kernel upgrade and a new name', () => {
    const key = keyNow();
    system.release = '6.12.4-arch1-1';
    system.hostname = 'renamed';
    expect(keyNow()).toBe(key);
  });

  it('changes with memory', () => {
    expect(keyNow(65_230_240)).not.toBe(keyNow());
  });
});
