import { writeFileSync } from 'node:fs';
import { memoryUsage, resourceUsage } from 'node:process';
import type { SystemFiles } from './system-files.ts';

export interface ProcessMemory {
  /**
   * Resident bytes of a process now. `pss` shares each page among the
   * processes that map it, so that the sum over processes counts it once; a
   * system without it tells `rss`, where shared pages count in full.
   */
  readonly measure: 'pss' | 'rss';
  readonly bytes: number;
  /** What `rss` has beyond `pss`: the part of shared pages that other processes answer for. */
  readonly sharedBytes: number;
  /** Pages that no other process maps: what would be free if this one ended. */
  readonly privateBytes: number;
}

/** Our own. O(mappings): a millisecond or two, so never while something is timed. */
export function processMemory(files: SystemFiles): ProcessMemory {
  const bytes = memoryUsage.rss();
  return rollup(files, 'self') ?? { measure: 'rss', bytes, sharedBytes: 0, privateBytes: bytes };
}

/** Another's, at the same cost; null where the system does not tell, or it is gone. */
export function otherProcessMemory(files: SystemFiles, pid: number): ProcessMemory | null {
  return rollup(files, String(pid));
}

function rollup(files: SystemFiles, process: string): ProcessMemory | null {
  const text = files.read(`/proc/${process}/smaps_rollup`) ?? '';
  const rss = kibField(text, 'Rss');
  const pss = kibField(text, 'Pss');
  if (rss === null || pss === null) return null;
  const privateBytes =
    (kibField(text, 'Private_Clean') ?? 0) + (kibField(text, 'Private_Dirty') ?? 0);
  return { measure: 'pss', bytes: pss, sharedBytes: rss - pss, privateBytes };
}

/**
 * Peak resident bytes of this process since `resetPeak`, or since it started.
 * Linux tells by VmHWM; elsewhere getrusage does, which on Linux would start at
 * the parent's peak.
 */
export function peakResidentBytes(files: SystemFiles): number {
  return peakOf(files, 'self') ?? resourceUsage().maxRSS * 1024;
}

/** Of another process, since its program started; null where the system does not tell, or it is gone. */
export function otherPeakResidentBytes(files: SystemFiles, pid: number): number | null {
  return peakOf(files, String(pid));
}

function peakOf(files: SystemFiles, process: string): number | null {
  return kibField(files.read(`/proc/${process}/status`) ?? '', 'VmHWM');
}

/** A line such as `Rss:    2000 kB`, in bytes. */
function kibField(text: string, name: string): number | null {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1];
  return found === undefined ? null : Number(found) * 1024;
}

/** Makes the kernel forget this process's peak (proc(5), clear_refs), where it can. */
export function resetPeak(): void {
  try {
    writeFileSync('/proc/self/clear_refs', '5');
  } catch {
    // No such file, or not allowed: the peak then includes what loading modules took.
  }
}

/** The control group's own peak, in v2 and v1; null where it does not tell. */
export function groupPeakBytes(files: SystemFiles): number | null {
  const text =
    files.read('/sys/fs/cgroup/memory.peak') ??
    files.read('/sys/fs/cgroup/memory/memory.max_usage_in_bytes');
  const bytes = Number(text ?? Number.NaN);
  return Number.isFinite(bytes) ? bytes : null;
}
