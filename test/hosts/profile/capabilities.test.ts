import { expect, test } from 'vitest';
import { listCapabilities } from '../../../hosts/profile/capabilities.ts';
import { readEnvironment } from '../../../hosts/profile/environment.ts';
import { unavailable } from '../../../hosts/profile/known.ts';
import { fakeFiles, type FakeFiles } from '../../support/fake-files.ts';
import { bareMetalIntel, containerV2 } from './machines.ts';

/** Topics that this machine can tell. */
function told(files: FakeFiles): string[] {
  return listCapabilities(files, readEnvironment(files))
    .filter(({ answer }) => answer.state === 'known')
    .map(({ topic }) => topic);
}

test('bare metal tells heat and frequencies, and no quota', () => {
  expect(told(bareMetalIntel())).toEqual([
    'tasks that wait (pressure)',
    'temperature',
    'throttling by heat',
    'clock frequency',
    'time taken by a hypervisor',
  ]);
});

test('a container tells what its group waits for, and its throttling', () => {
  const files = containerV2({ '/proc/self/smaps_rollup': 'Rss: 1720 kB\nPss:  419 kB\n' });
  expect(told(files)).toEqual([
    'memory of processes',
    'tasks that wait (pressure)',
    'the same for our own processes',
    'throttling by a quota',
    'time taken by a hypervisor',
  ]);
});

test('a system that tells nothing claims none', () => {
  const files = fakeFiles({});
  const capabilities = listCapabilities(files, readEnvironment(files));
  expect(capabilities.map(({ answer }) => answer.state)).not.toContain('known');
  expect(capabilities[0]?.answer).toEqual(
    unavailable('no /proc/self/smaps_rollup: needs Linux 4.14'),
  );
});
