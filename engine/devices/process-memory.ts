import { writeFileSync } from 'node:fs';
import { memoryUsage, resourceUsage } from 'node:process';
import type { SystemFiles } from './system-files.ts';

export interface ProcessMemory {
  /**
   * Resident bytes of this process now. `pss` shares each page among the
   * processes that map it, so that the sum over processes counts it once; a
   * system without it tells `rss`, where shared pages count in full.
   */
  readonly measure: 'pss' | 'rss';
  readonly bytes: number;
  /** What `rss` has beyond `pss`: pages of the program that other processes map too. */
  readonly sharedBytes: number;
}

/** O(mappings): a millisecond or two, so never while something is timed. */
export function processMemory(files: SystemFiles): ProcessMemory {
  const rollup = files.read('/proc/self/smaps_rollup') ?? '';
  const kib = (name: string): number | null => {
    const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(rollup)?.[1];
    return found === undefined ? null : Number(found) * 1024;
  };
  const [rss, pss] = [kib('Rss'), kib('Pss')];
  if (rss === null || pss === null) {
    return { measure: 'rss', bytes: memoryUsage.rss(), sharedBytes: 0 };
  }
  return { measure: 'pss', bytes: pss, sharedBytes: rss - pss };
}

/**
 * Peak resident bytes of this process since `resetPeak`, or since it started.
 * Linux tells by VmHWM; elsewhere getrusage does, which on Linux would start at
 * the parent's peak.
 */
export function peakResidentBytes(files: SystemFiles): number {
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(files.read('/proc/self/status') ?? '')?.[1];
  return (kib === undefined ? resourceUsage().maxRSS : Number(kib)) * 1024;
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
