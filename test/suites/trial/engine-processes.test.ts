import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { systemFiles } from '../../../engine/devices/system-files.ts';
import { engineMemory, engineTime } from '../../../suites/trial/engine-processes.ts';
import { replicaBaselineBytes } from '../../../suites/trial/replica-baseline.ts';
import { fakeFiles } from '../../support/fake-files.ts';

const KIB = 1024;

/** Our own process, and two replicas. */
const PROCESSES = {
  '/proc/self/smaps_rollup': 'Rss: 5000 kB\nPss: 4000 kB\n',
  '/proc/self/status': 'VmHWM:\t6000 kB\n',
  '/proc/self/task/1/schedstat': '1 1000000 1\n',
  '/proc/7/smaps_rollup': 'Rss: 3000 kB\nPss: 2500 kB\n',
  '/proc/7/status': 'VmHWM:\t3100 kB\n',
  '/proc/7/task/7/schedstat': '1 2000000 1\n',
  '/proc/7/task/8/schedstat': '1 3000000 1\n',
  // Its name is what a hostile program could make of it.
  '/proc/7/stat': `7 (node) S 1) S ${fields({ user: 150, system: 25 })}`,
  '/proc/9/smaps_rollup': 'Rss: 3000 kB\nPss: 2600 kB\n',
  '/proc/9/status': 'VmHWM:\t2900 kB\n',
  '/proc/9/stat': `9 (node) R ${fields({ user: 10, system: 0 })}`,
};

/** Fields of /proc/PID/stat from the fourth on. */
function fields({ user, system }: { readonly user: number; readonly system: number }): string {
  return [...Array<number>(10).fill(0), user, system, 99, 99].join(' ');
}

describe('the processes of an engine', () => {
  const files = fakeFiles(PROCESSES);

  test('hold together what each has its share of', () => {
    expect(engineMemory(files, [7, 9])).toMatchObject({ measure: 'pss', bytes: 9100 * KIB });
    expect(engineMemory(files, [])).toMatchObject({ measure: 'pss', bytes: 4000 * KIB });
  });

  test('have as peak the sum of theirs, each less what others answer for', () => {
    // 6000 - 1000; 3100 - 500; 2900 - 400 is less than the 2600 that are there now.
    expect(engineMemory(files, [7, 9]).peakBytes).toBe((5000 + 2600 + 2600) * KIB);
  });

  test('take CPU time and wait for it together', () => {
    const own = engineTime(files, []);
    const all = engineTime(files, [7, 9]);
    // 175 and 10 ticks of 10 ms, beside what this test itself took meanwhile.
    expect(all.cpuMs - own.cpuMs).toBeGreaterThanOrEqual(1850);
    expect(all.cpuMs - own.cpuMs).toBeLessThan(2850);
    expect(own.runQueueWaitMs).toBe(1);
    expect(all.runQueueWaitMs).toBe(6);
  });

  test('take nothing once they are gone, and are not guessed where the system does not tell', () => {
    expect(engineMemory(files, [8])).toEqual(engineMemory(files, []));
    const bare = fakeFiles({});
    expect(engineMemory(bare, [7]).measure).toBe('rss');
    expect(engineTime(bare, [7]).runQueueWaitMs).toBeNull();
  });
});

describe.runIf(process.platform === 'linux')('on this machine', () => {
  test('a busy process counts, to the tick', async () => {
    const child = spawn(process.execPath, ['-e', 'while (true);'], { stdio: 'ignore' });
    try {
      await once(child, 'spawn');
      const pids = [child.pid as number];
      const before = engineTime(systemFiles(), pids);
      await new Promise((resolve) => setTimeout(resolve, 400));
      const { cpuMs } = engineTime(systemFiles(), pids);
      expect(cpuMs - before.cpuMs).toBeGreaterThan(50);
      expect(engineMemory(systemFiles(), pids).bytes).toBeGreaterThan(
        engineMemory(systemFiles(), []).bytes + 5 * 2 ** 20,
      );
    } finally {
      child.kill('SIGKILL');
    }
  });

  test('an empty replica takes what a Node process takes, some tens of MiB', async () => {
    const bytes = await replicaBaselineBytes();
    expect(bytes).toBeGreaterThan(15 * 2 ** 20);
    expect(bytes).toBeLessThan(200 * 2 ** 20);
  });
});
