import type { SystemFiles } from '../../engine/devices/system-files.ts';
import type { Pressures, PressureTotals } from './environment-record.ts';
import type { Known } from './known.ts';
import { readKnown } from './read-known.ts';

/**
 * Pressure stall totals (Documentation/accounting/psi.rst). The totals are
 * brought up to date by reading; the averages beside them trail by 10 s and
 * more, and are left alone.
 */
export function readPressures(
  files: SystemFiles,
  pathOf: (resource: keyof Pressures) => string,
  absent = 'the kernel keeps no pressure figures (PSI): built without, or started without psi=1',
): Pressures {
  const read = (resource: keyof Pressures): Known<PressureTotals> =>
    readKnown(files, pathOf(resource), { absent, parse: parsePressure });
  return { cpu: read('cpu'), memory: read('memory'), io: read('io') };
}

function parsePressure(text: string): PressureTotals | null {
  const someUs = totalOf(text, 'some');
  return someUs === null ? null : { someUs, fullUs: totalOf(text, 'full') };
}

function totalOf(text: string, line: string): number | null {
  const digits = new RegExp(`^${line} .*\\btotal=(\\d+)`, 'm').exec(text)?.[1];
  return digits === undefined ? null : Number(digits);
}
