import type { SystemFiles } from '../../engine/devices/system-files.ts';
import { unavailable } from './open-sensor.ts';
import type { UnavailableReading } from './power-sensor.ts';

export type NumberRead = { readonly state: 'number'; readonly value: number } | UnavailableReading;

/** Reads a file that holds one number, in the unit of the file. */
export function readNumber(files: SystemFiles, path: string): NumberRead {
  const probed = files.probe(path);
  switch (probed.state) {
    case 'read':
      return parseNumber(probed.text, path);
    case 'absent':
      return unavailable(`${path} is not there`);
    case 'refused':
      return unavailable(`${path} may be read by root only; ${remedyFor(path)}`);
    case 'failed':
      return unavailable(`${path} cannot be read: ${probed.reason}`);
  }
}

/** `source` names where the text is from. Strict: Number('') is 0, and 0 would be a lie. */
export function parseNumber(text: string, source: string): NumberRead {
  const trimmed = text.trim();
  if (!/^[+-]?\d+(\.\d+)?$/.test(trimmed)) {
    return unavailable(`${source} says ${JSON.stringify(trimmed.slice(0, 80))}, not a number`);
  }
  return { state: 'number', value: Number(trimmed) };
}

/** The trimmed text of a small file, '' when it cannot be read: for names and labels. */
export function readLabel(files: SystemFiles, path: string): string {
  return files.read(path)?.trim() ?? '';
}

/**
 * Energy counters are closed to users since CVE-2020-8694 (Platypus): what others
 * compute can be guessed from them. Whoever owns the machine may open them.
 */
function remedyFor(path: string): string {
  const rule = path.startsWith('/sys/class/powercap/')
    ? `, or lastingly a udev rule: SUBSYSTEM=="powercap", ACTION=="add", RUN+="/bin/chmod a+r /sys%p/energy_uj"`
    : '';
  return `run sudo chmod a+r ${path}${rule}`;
}
