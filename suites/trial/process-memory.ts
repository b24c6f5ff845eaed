import { resourceUsage } from 'node:process';
import type { SystemFiles } from '../../engine/devices/system-files.ts';

/**
 * Peak resident bytes of this process so far. Linux tells by VmHWM; elsewhere
 * getrusage does, which on Linux would start at the parent's peak.
 */
export function peakResidentBytes(files: SystemFiles): number {
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(files.read('/proc/self/status') ?? '')?.[1];
  return (kib === undefined ? resourceUsage().maxRSS : Number(kib)) * 1024;
}
