import { describe, expect, test } from 'vitest';
import { systemFiles } from '../../../engine/devices/system-files.ts';
import {
  groupPeakBytes,
  otherPeakResidentBytes,
  otherProcessMemory,
  peakResidentBytes,
  processMemory,
  resetPeak,
} from '../../../engine/devices/process-memory.ts';
import { runQueueWaitMs } from '../../../suites/trial/run-queue.ts';
import { fakeFiles } from '../../support/fake-files.ts';

const ROLLUP = `55d0c0a00000-7ffd8a9f3000 ---p 00000000 00:00 0    [rollup]
Rss:                2000 kB
Pss:                1500 kB
Pss_Dirty:          1100 kB
Shared_Clean:        600 kB
Private_Clean:       300 kB
Private_Dirty:       900 kB
`;

describe('the memory of a process', () => {
  test('is its share of each page, and what it shares with others', () => {
    expect(processMemory(fakeFiles({ '/proc/self/smaps_rollup': ROLLUP }))).toEqual({
      measure: 'pss',
      bytes: 1500 * 1024,
      sharedBytes: 500 * 1024,
      privateBytes: 1200 * 1024,
    });
  });

  test('is what is resident where the system does not share it out', () => {
    const { measure, bytes, sharedBytes } = processMemory(fakeFiles({}));
    expect({ measure, sharedBytes }).toEqual({ measure: 'rss', sharedBytes: 0 });
    expect(bytes).toBeGreaterThan(10 * 2 ** 20);
  });

  test('is told of another one, or not at all', () => {
    const status = 'VmHWM:\t  3000 kB\n';
    const files = fakeFiles({ '/proc/42/smaps_rollup': ROLLUP, '/proc/42/status': status });
    expect(otherProcessMemory(files, 42)?.bytes).toBe(1500 * 1024);
    expect(otherPeakResidentBytes(files, 42)).toBe(3000 * 1024);
    expect(otherProcessMemory(files, 43)).toBeNull();
    expect(otherPeakResidentBytes(files, 43)).toBeNull();
  });

  test('has a peak, of the kernel or else of getrusage', () => {
    const status = 'Name:\tnode\nVmPeak:\t  9000 kB\nVmHWM:\t  3000 kB\nVmRSS:\t  2000 kB\n';
    expect(peakResidentBytes(fakeFiles({ '/proc/self/status': status }))).toBe(3000 * 1024);
    expect(peakResidentBytes(fakeFiles({}))).toBeGreaterThan(10 * 2 ** 20);
  });

  test.skipIf(process.platform !== 'linux')('peaks anew after a reset', () => {
    const large = new ArrayBuffer(64 * 2 ** 20);
    new Uint8Array(large).fill(1);
    const before = peakResidentBytes(systemFiles());
    // Gives the memory back at once, without the garbage collector.
    large.transfer(0);
    resetPeak();
    expect(peakResidentBytes(systemFiles())).toBeLessThan(before - 32 * 2 ** 20);
  });

  test('has a control group with a peak of its own, in both versions', () => {
    const [v2, v1] = [
      '/sys/fs/cgroup/memory.peak',
      '/sys/fs/cgroup/memory/memory.max_usage_in_bytes',
    ];
    expect(groupPeakBytes(fakeFiles({ [v2]: '4096\n' }))).toBe(4096);
    expect(groupPeakBytes(fakeFiles({ [v1]: '8192\n' }))).toBe(8192);
    expect(groupPeakBytes(fakeFiles({}))).toBeNull();
  });
});

test('waiting for a core is summed over the threads, in milliseconds', () => {
  const files = fakeFiles({
    '/proc/self/task/10/schedstat': '900000000 2000000 40\n',
    '/proc/self/task/11/schedstat': '100000000 3500000 7\n',
  });
  expect(runQueueWaitMs(files)).toBe(5.5);
  expect(runQueueWaitMs(fakeFiles({ '/proc/self/task/10/stat': '' }))).toBeNull();
  expect(runQueueWaitMs(fakeFiles({}))).toBeNull();
});
