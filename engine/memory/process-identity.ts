import { readFileSync, readlinkSync } from 'node:fs';
import { codeOf, UserError } from '../base/errors.ts';

/**
 * A process, told from a later one that got the same pid by when it started,
 * and from one of another container by its pid namespace.
 */
export interface ProcessIdentity {
  /** Inode of the pid namespace in which `pid` means something. */
  readonly namespace: number;
  readonly pid: number;
  /** Since the machine started, in ticks of the kernel (proc(5), field 22 of stat). */
  readonly startTicks: number;
}

/** What is asked of the system, passed in so that tests can have any processes. */
export interface ProcessTable {
  readonly ownPid: number;
  /** /proc/PID/stat, or null when it cannot be read. */
  stat(pid: number): string | null;
  /** Whether a process has the pid, also one that is hidden from us. */
  exists(pid: number): boolean;
  /** Where /proc/self/ns/pid points to, such as `pid:[4026531836]`; null when it cannot be read. */
  namespace(): string | null;
}

export const systemProcesses: ProcessTable = Object.freeze({
  ownPid: process.pid,
  stat: (pid: number) => orNull(() => readFileSync(`/proc/${pid}/stat`, 'utf8')),
  namespace: () => orNull(() => readlinkSync('/proc/self/ns/pid')),
  exists: (pid: number) => {
    try {
      return process.kill(pid, 0);
    } catch (thrown) {
      return codeOf(thrown) !== 'ESRCH';
    }
  },
});

/** Throws UserError where there is no /proc to tell by. */
export function ownIdentity(processes: ProcessTable): ProcessIdentity {
  const pid = processes.ownPid;
  const namespace = Number(/^pid:\[(\d+)\]$/.exec(processes.namespace() ?? '')?.[1]);
  const startTicks = parseStat(processes.stat(pid) ?? '')?.startTicks;
  if (startTicks === undefined || !Number.isSafeInteger(namespace)) {
    throw new UserError('shared memory needs /proc, to tell its owner from other processes', {
      remedy: 'mount /proc, or use thread replicas, which need no shared memory segments',
    });
  }
  return { namespace, pid, startTicks };
}

/**
 * Whether a process still runs. `unknown` for one of another pid namespace. In
 * doubt it is alive: of a hidden process (hidepid) only the pid is known.
 */
export function livenessOf(
  identity: ProcessIdentity,
  own: ProcessIdentity,
  processes: ProcessTable,
): 'alive' | 'dead' | 'unknown' {
  if (identity.namespace !== own.namespace) return 'unknown';
  const stat = parseStat(processes.stat(identity.pid) ?? '');
  if (stat === null) return processes.exists(identity.pid) ? 'alive' : 'dead';
  // A zombie has no memory left; its parent has not asked for its end yet.
  const hasEnded = stat.state === 'Z' || stat.state === 'X';
  return stat.startTicks === identity.startTicks && !hasEnded ? 'alive' : 'dead';
}

/** The name of a program may contain spaces and parentheses: fields count from the last one. */
function parseStat(text: string): { readonly state: string; readonly startTicks: number } | null {
  const fields = text
    .slice(text.lastIndexOf(')') + 1)
    .trim()
    .split(/\s+/);
  const [state = ''] = fields;
  const startTicks = Number(fields[STARTTIME]);
  return state !== '' && Number.isSafeInteger(startTicks) ? { state, startTicks } : null;
}

/** Field 22 of stat, counted from 0 at field 3, the first after the name. */
const STARTTIME = 22 - 3;

function orNull(read: () => string): string | null {
  try {
    return read();
  } catch {
    // Absent or hidden: the caller decides what that means.
    return null;
  }
}
