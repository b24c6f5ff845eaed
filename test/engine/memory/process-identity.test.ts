import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  livenessOf,
  ownIdentity,
  systemProcesses,
  type ProcessTable,
} from '../../../engine/memory/process-identity.ts';
import { ownerOfSegment, segmentName } from '../../../engine/memory/segment-name.ts';

/** As proc(5) has it: pid, name, state, 18 more fields, the start, the rest. */
function statText(pid: number, state: string, startTicks: number, name = 'node'): string {
  return `${pid} (${name}) ${state} ${'1 '.repeat(18)}${startTicks} 9 9 9\n`;
}

/** Process 10 is this one, started at 500; others are added. */
function processTable(
  stats: Readonly<Record<number, string>>,
  hidden: number[] = [],
): ProcessTable {
  const all: Readonly<Record<number, string>> = { 10: statText(10, 'R', 500), ...stats };
  return {
    ownPid: 10,
    stat: (pid) => all[pid] ?? null,
    exists: (pid) => pid in all || hidden.includes(pid),
    namespace: () => 'pid:[4026531836]',
  };
}

const NAMESPACE = 4_026_531_836;

test('tells this process by its namespace, pid and start', () => {
  expect(ownIdentity(processTable({}))).toEqual({ namespace: NAMESPACE, pid: 10, startTicks: 500 });
  const real = ownIdentity(systemProcesses);
  expect(real.pid).toBe(process.pid);
  // Seconds since the machine started, at 100 ticks a second on every Linux that Node runs on.
  const uptimeS = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
  expect(Math.abs(uptimeS - process.uptime() - real.startTicks / 100)).toBeLessThan(5);
});

test('says what is missing where processes cannot be told apart', () => {
  const withoutProc = { ...processTable({}), stat: () => null };
  expect(() => ownIdentity(withoutProc)).toThrow(/needs \/proc/);
  expect(() => ownIdentity({ ...processTable({}), namespace: () => null })).toThrow(/needs \/proc/);
});

test('a process is the one it was only with the same start', () => {
  const own = ownIdentity(processTable({}));
  const other = { namespace: NAMESPACE, pid: 20, startTicks: 700 };
  const liveness = (stats: Record<number, string>, hidden?: number[]): string =>
    livenessOf(other, own, processTable(stats, hidden));
  expect(liveness({ 20: statText(20, 'S', 700) })).toBe('alive');
  expect(liveness({ 20: statText(20, 'S', 700, 'a) Z (b c') })).toBe('alive');
  expect(liveness({ 20: statText(20, 'S', 701) })).toBe('dead');
  expect(liveness({})).toBe('dead');
});

test('a zombie is dead, a hidden process is not, and of another container nothing is known', () => {
  const own = ownIdentity(processTable({}));
  const other = { namespace: NAMESPACE, pid: 20, startTicks: 700 };
  const zombie = processTable({ 20: statText(20, 'Z', 700) });
  expect(livenessOf(other, own, zombie)).toBe('dead');
  expect(livenessOf(other, own, processTable({}, [20]))).toBe('alive');
  expect(livenessOf({ ...other, namespace: 1 }, own, processTable({}))).toBe('unknown');
});

test('the system knows this process and its parent, and no process of an absurd number', () => {
  const own = ownIdentity(systemProcesses);
  expect(livenessOf(own, own, systemProcesses)).toBe('alive');
  expect(systemProcesses.exists(process.ppid)).toBe(true);
  expect(livenessOf({ ...own, pid: 2 ** 22 + 1 }, own, systemProcesses)).toBe('dead');
});

test('names of segments tell the owner, and other names tell none', () => {
  const owner = { namespace: NAMESPACE, pid: 20, startTicks: 700 };
  const name = segmentName(owner, 3);
  expect(name).toMatch(/^openclaw-4026531836\.20\.700-\d+\.3$/);
  expect(ownerOfSegment(name)).toEqual(owner);
  const foreign = [
    'openclaw-20-3',
    'openclaw-a.20.700-0.3',
    `x${name}`,
    `${name}x`,
    'sem.lock',
    '',
  ];
  expect(foreign.map(ownerOfSegment)).toEqual(foreign.map(() => null));
});
