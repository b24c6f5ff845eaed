import type { SystemFiles } from '../../engine/devices/system-files.ts';
import type { CpuTicks, HostEnvironment } from './environment-record.ts';
import type { Known } from './known.ts';
import { parseField, readKnown } from './read-known.ts';

const NO_PROC = 'the system has no /proc';

/** CPU time of all cores since the start. */
export function readTicks(files: SystemFiles): Known<CpuTicks> {
  return readKnown(files, '/proc/stat', { absent: NO_PROC, parse: parseTicks });
}

export function readLoadAverage(files: SystemFiles): HostEnvironment['loadAverage'] {
  return readKnown(files, '/proc/loadavg', { absent: NO_PROC, parse: parseLoadAverage });
}

export function readSwapUsedBytes(files: SystemFiles): Known<number> {
  return readKnown(files, '/proc/meminfo', {
    absent: NO_PROC,
    parse: (text) => {
      const total = parseField(text, 'SwapTotal');
      const free = parseField(text, 'SwapFree');
      return total === null || free === null ? null : (total - free) * 1024;
    },
  });
}

/**
 * `cpu user nice system idle iowait irq softirq steal guest guest_nice` (proc(5)):
 * guest time is in user already, so the first eight make the total.
 */
function parseTicks(text: string): CpuTicks | null {
  const line = /^cpu +([\d ]+)$/m.exec(text)?.[1];
  const fields = line?.trim().split(/ +/).map(Number).slice(0, 8) ?? [];
  const [, , , idle, iowait, , , steal] = fields;
  if (idle === undefined || iowait === undefined || steal === undefined) return null;
  const total = fields.reduce((sum, field) => sum + field, 0);
  return { total, busy: total - idle - iowait, steal };
}

function parseLoadAverage(text: string): readonly [number, number, number] | null {
  const match = /^(\d+\.\d+) (\d+\.\d+) (\d+\.\d+)/.exec(text);
  return match === null ? null : [Number(match[1]), Number(match[2]), Number(match[3])];
}
