import { expect, test } from 'vitest';
import type { HostReport } from '../../cli/host-report.ts';
import { summarizeHost } from '../../cli/host-summary.ts';
import { adviseHost } from '../../hosts/profile/advice.ts';
import { listCapabilities } from '../../hosts/profile/capabilities.ts';
import { compareEnvironments } from '../../hosts/profile/environment-change.ts';
import { readEnvironment } from '../../hosts/profile/environment.ts';
import { describeHost } from '../../hosts/this-host.ts';
import { bareMetalIntel, containerV2, virtualAmd } from '../hosts/profile/machines.ts';
import { fakeFiles, type FakeFiles } from '../support/fake-files.ts';

function linesFor(files: FakeFiles, changes: Partial<HostReport> = {}): string[] {
  const profile = { ...describeHost(files), name: 'box', kernel: 'linux 6.1.0' };
  const environment = readEnvironment(files);
  const recent = compareEnvironments(environment, environment, 500);
  const missingSensors = [{ kind: 'rapl', reason: '/sys/class/powercap has no intel-rapl zone' }];
  const report: HostReport = {
    schema: 'openclaw.host/1',
    profile,
    environment,
    recent,
    capabilities: listCapabilities(files, environment),
    sensors: [],
    missingSensors,
    noise: null,
    advice: adviseHost({ profile, environment, recent, missingSensors }),
    ...changes,
  };
  return summarizeHost(report).split('\n');
}

test('says why fewer cores and less memory may be used', () => {
  const lines = linesFor(containerV2());
  expect(lines).toContain('  cores         8, of which 1 usable: the CPU quota allows 1.5');
  expect(lines).toContain('  memory        31 GiB, limited to 512 MiB');
  expect(lines).toContain('  runs on       bare metal, in a container (docker)');
});

test('names a mask only where it is what limits', () => {
  const lines = linesFor(bareMetalIntel());
  expect(lines).toContain('  cores         4, of which 2 usable: the affinity mask allows 0,2');
  expect(lines).toContain('  runs on       bare metal');
});

test('shows the state that bare metal tells', () => {
  const lines = linesFor(bareMetalIntel());
  const start = lines.indexOf('its state now');
  expect(lines.slice(start + 1, lines.indexOf('', start))).toEqual([
    '  busy          not known: no clock tick passed between the two readings',
    '  load          0.25 1.50 2.00 (over 1, 5, 15 minutes)',
    '  pressure      tasks waited for cores 0 %, memory 0 %, disks 0 % of the time',
    '  steal         not known: no clock tick passed between the two readings',
    '  governor      performance',
    '  frequency     3151 to 3200 MHz',
    '  boost         on',
    '  temperature   62 °C (coretemp Package id 0)',
    '  swap          1 MiB used',
  ]);
});

test('breaks long texts below their column, at 80 columns', () => {
  const lines = linesFor(virtualAmd());
  const start = lines.indexOf('what it can measure of power');
  expect(lines[start + 1]).toBe(
    '  rapl                            no   /sys/class/powercap has no intel-rapl',
  );
  expect(lines[start + 2]).toBe(`${' '.repeat(39)}zone`);
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
});

test('lists sensors that work, however long their names', () => {
  const id = 'shelly:http://a-plug-with-a-long-name.local?id=0';
  const sensors = [
    { id: 'rapl:package-0', kind: 'rapl', scope: 'package', quality: 'counter' },
    { id, kind: 'shelly', scope: 'wall', quality: 'counter' },
  ] as const;
  const lines = linesFor(bareMetalIntel(), { sensors });
  expect(lines).toContain('  rapl:package-0                  yes  package, counter');
  expect(lines.find((line) => line.includes(id))).toMatch(/id=0 yes/);
});

test('does not list an estimate that nobody asked for', () => {
  const missingSensors = [{ kind: 'estimate', reason: 'no TDP is given' }];
  expect(linesFor(bareMetalIntel(), { missingSensors }).join('\n')).not.toContain('TDP');
});

test('marks warnings, and gives what to do on a line of its own', () => {
  const text = linesFor(containerV2()).join('\n');
  expect(text).toMatch(/\n {2}quota {9}warning: The CPU quota is 1\.5 cores/);
  expect(text).toMatch(/\n {16}-> give whole cores of its own/);
});

test('a system that tells nothing still has a summary', () => {
  const lines = linesFor(fakeFiles({}));
  expect(lines.at(-1)).toBe('nothing is known to stand in the way of measuring here');
});
