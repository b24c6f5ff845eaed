import {
  otherPeakResidentBytes,
  otherProcessMemory,
  peakResidentBytes,
  processMemory,
  type ProcessMemory,
} from '../../engine/devices/process-memory.ts';
import type { SystemFiles } from '../../engine/devices/system-files.ts';
import { runQueueWaitMs } from './run-queue.ts';

/**
 * What all processes of a trial's engine take together: our own, which sends the
 * load and holds inline and thread replicas, and those of process replicas
 * (`pids`). Everything here reads files of /proc: never while something is timed.
 */

export interface EngineMemory {
  /** `pss` only where every process tells it: then their sum counts shared pages once. */
  readonly measure: 'pss' | 'rss';
  /** What is resident now. */
  readonly bytes: number;
  /**
   * The sum of each process's peak: our own since `resetPeak`, a replica's since it
   * began, creating its session included. The kernel keeps no peak of PSS: it is the
   * peak of RSS (VmHWM) less what is shared now, at least what is resident now. Peaks
   * need not be at the same time: the sum is an upper bound of the peak of the sum.
   */
  readonly peakBytes: number;
}

/** A process that is gone takes nothing. */
export function engineMemory(files: SystemFiles, pids: readonly number[]): EngineMemory {
  const own = { memory: processMemory(files), peak: peakResidentBytes(files) };
  const all = [own, ...othersOf(files, pids)];
  return {
    measure: commonMeasure(all.map(({ memory }) => memory)),
    bytes: sum(all.map(({ memory }) => memory.bytes)),
    peakBytes: sum(all.map(peakOf)),
  };
}

interface ProcessPeak {
  readonly memory: ProcessMemory;
  /** Resident; null where the system does not tell. */
  readonly peak: number | null;
}

function peakOf({ memory: { bytes, sharedBytes }, peak }: ProcessPeak): number {
  return Math.max(bytes, (peak ?? 0) - sharedBytes);
}

function othersOf(files: SystemFiles, pids: readonly number[]): ProcessPeak[] {
  return pids.flatMap((pid) => {
    const memory = otherProcessMemory(files, pid);
    return memory === null ? [] : [{ memory, peak: otherPeakResidentBytes(files, pid) }];
  });
}

function commonMeasure(all: readonly ProcessMemory[]): EngineMemory['measure'] {
  return all.every(({ measure }) => measure === 'pss') ? 'pss' : 'rss';
}

/** CPU time and waiting so far, in milliseconds; to be taken as differences. */
export interface EngineTime {
  /** User and system, of our own process to the microsecond, of others to 10 ms. */
  readonly cpuMs: number;
  /** Time that runnable threads waited for a core; null where the kernel does not tell. */
  readonly runQueueWaitMs: number | null;
}

export function engineTime(files: SystemFiles, pids: readonly number[]): EngineTime {
  const { user, system } = process.cpuUsage();
  const waits = [runQueueWaitMs(files), ...pids.map((pid) => runQueueWaitMs(files, pid))];
  return {
    cpuMs: (user + system) / 1000 + sum(pids.map((pid) => processCpuMs(files, pid))),
    runQueueWaitMs: waits[0] === null ? null : sum(waits.map((wait) => wait ?? 0)),
  };
}

/** The kernel counts in 1/100 s on every architecture that Node runs on (USER_HZ, proc(5)). */
const TICK_MS = 10;

/** Fields 14 and 15 of /proc/PID/stat, threads that ended included; 0 once it is gone. */
function processCpuMs(files: SystemFiles, pid: number): number {
  const stat = files.read(`/proc/${pid}/stat`) ?? '';
  // The name, in brackets, may hold anything, brackets and blanks too.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user = 0, system = 0] = fields.slice(11, 13).map(Number);
  return (user + system) * TICK_MS;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** What passed from one reading to the next. */
export function timeBetween(before: EngineTime, after: EngineTime): EngineTime {
  const [waited, waitedAfter] = [before.runQueueWaitMs, after.runQueueWaitMs];
  return {
    cpuMs: after.cpuMs - before.cpuMs,
    runQueueWaitMs: waited === null || waitedAfter === null ? null : waitedAfter - waited,
  };
}
